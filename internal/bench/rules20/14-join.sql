WITH Failed AS (
  SELECT UserPrincipalName, IPAddress, count(*) AS Failures, max(TimeGenerated) AS LastFailure
  FROM SigninLogs WHERE ResultType = '50126' GROUP BY ALL HAVING count(*) >= 3
)
SELECT s.UserPrincipalName, s.IPAddress, f.Failures, min(s.TimeGenerated) AS FirstSuccess
FROM SigninLogs s JOIN Failed f ON s.UserPrincipalName = f.UserPrincipalName AND s.IPAddress = f.IPAddress
WHERE s.ResultType = '0' AND s.TimeGenerated > f.LastFailure
GROUP BY ALL
