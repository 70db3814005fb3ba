SELECT DeviceName, AccountName, count(*) AS Runs, min(Timestamp) AS First, max(Timestamp) AS Last
FROM DeviceProcessEvents
WHERE regexp_matches(ProcessCommandLine, '(?i)(?:^|[^\p{L}\p{Nd}])(?:mimikatz|procdump|lazagne|rubeus|sharphound|bloodhound|psexec|wce|gsecdump|pwdump|secretsdump|kerbrute)(?:$|[^\p{L}\p{Nd}])')
GROUP BY DeviceName, AccountName
