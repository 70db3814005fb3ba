SELECT AccountName, Runs, CAST(to_json(list_sort(Devices)) AS VARCHAR) AS Devices, CAST(to_json(list_sort(Programs)) AS VARCHAR) AS Programs
FROM (
  SELECT AccountName, count(*) AS Runs, list(DISTINCT DeviceName) AS Devices, list(DISTINCT FileName) AS Programs
  FROM DeviceProcessEvents
  WHERE lower(FileName) IN ('net.exe', 'whoami.exe', 'nltest.exe')
  GROUP BY AccountName
  HAVING count(*) >= 10
)
