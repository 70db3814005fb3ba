SELECT m.Account AS Account, m.Share AS Share, count(*) AS Uses
FROM (
  SELECT regexp_extract(ProcessCommandLine, '^.*?use (.*?) /user:(.*)$', ['Share', 'Account'], 's') AS m
  FROM DeviceProcessEvents WHERE lower(FileName) = 'net.exe'
)
WHERE m.Account <> ''
GROUP BY ALL
