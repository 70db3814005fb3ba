SELECT FolderPath, count(*) AS Runs
FROM (SELECT FolderPath, lower(FolderPath) AS path FROM DeviceProcessEvents)
WHERE starts_with(path, 'c:\users\') AND ends_with(path, '.exe') AND NOT contains(path, '\appdata\local\programs\')
GROUP BY FolderPath
ORDER BY Runs DESC, FolderPath
LIMIT 20
