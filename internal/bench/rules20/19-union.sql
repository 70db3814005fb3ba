SELECT DeviceId, Timestamp - Timestamp % 864000000000 AS Day, count(*) AS Events, count(DISTINCT What) AS Things
FROM (
  SELECT Timestamp, DeviceId, FileName AS What FROM DeviceProcessEvents WHERE lower(FileName) = 'rundll32.exe' AND Timestamp > {now} - CAST(2 AS BIGINT) * 864000000000
  UNION ALL
  SELECT Timestamp, DeviceId, RemoteIP FROM DeviceNetworkEvents WHERE lower(InitiatingProcessFileName) = 'rundll32.exe' AND Timestamp > {now} - CAST(2 AS BIGINT) * 864000000000
)
GROUP BY ALL
HAVING count(DISTINCT What) > 5
