SELECT json_extract_string(Policy, '$.displayName') AS Name, UserPrincipalName, count(*) AS Failures
FROM (SELECT UserPrincipalName, unnest(from_json(ConditionalAccessPolicies, '["JSON"]')) AS Policy FROM SigninLogs)
WHERE json_extract_string(Policy, '$.result') = 'failure'
GROUP BY ALL
HAVING count(*) > 5
