SELECT DeviceName, Timestamp - Timestamp % 36000000000 AS Hour, count(*) AS Processes, count(DISTINCT AccountName) AS Accounts
FROM DeviceProcessEvents
WHERE Timestamp > {now} - CAST(3 AS BIGINT) * 864000000000
GROUP BY ALL
HAVING count(*) > 45
