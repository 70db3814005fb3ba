SELECT Policy.displayName AS Name, UserPrincipalName, count(*) AS Failures
FROM (SELECT UserPrincipalName, unnest(from_json(ConditionalAccessPolicies, '[{"displayName":"VARCHAR","result":"VARCHAR"}]')) AS Policy FROM SigninLogs)
WHERE Policy.result = 'failure'
GROUP BY ALL
HAVING count(*) > 5
