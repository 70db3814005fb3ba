SELECT UserPrincipalName, IPAddress, Failed, Succeeded, Apps, round(100.0::DOUBLE * Failed / (Failed + Succeeded), 2) AS Share, Finish - Start AS Duration
FROM (
  SELECT UserPrincipalName, CASE WHEN contains(IPAddress, ':') THEN 'v6' ELSE IPAddress END AS IPAddress,
    count(*) FILTER (ResultType <> '0') AS Failed, count(*) FILTER (ResultType = '0') AS Succeeded, count(DISTINCT AppDisplayName) AS Apps,
    min(TimeGenerated) AS Start, max(TimeGenerated) AS Finish
  FROM SigninLogs
  GROUP BY ALL
)
WHERE Failed > 5 AND Succeeded > 0 AND Finish - Start > 36000000000
