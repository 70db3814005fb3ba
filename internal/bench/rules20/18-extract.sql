SELECT regexp_extract(ProcessCommandLine, 'https?://([0-9.]+)', 1) AS Address, count(*) AS Runs, count(DISTINCT DeviceId) AS Devices
FROM DeviceProcessEvents
WHERE contains(ProcessCommandLine, '://') AND regexp_matches(ProcessCommandLine, 'https?://[0-9]{1,3}(\.[0-9]{1,3}){3}')
GROUP BY ALL
