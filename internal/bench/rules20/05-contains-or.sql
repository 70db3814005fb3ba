SELECT AccountName, count(DISTINCT DeviceId) AS Devices, count(*) AS Commands
FROM (SELECT AccountName, DeviceId, lower(ProcessCommandLine) AS line FROM DeviceProcessEvents)
WHERE contains(line, '-enc') OR contains(line, 'frombase64') OR contains(line, 'downloadstring')
GROUP BY AccountName
HAVING count(DISTINCT DeviceId) > 3
