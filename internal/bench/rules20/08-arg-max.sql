SELECT DeviceId, AccountName, Timestamp, FileName, ProcessCommandLine
FROM (SELECT c1 AS DeviceId, c9 AS AccountName, arg_max(rowid, c0) AS best FROM {DeviceProcessEvents} GROUP BY c1, c9)
JOIN (SELECT rowid AS row, c0 AS Timestamp, c4 AS FileName, c8 AS ProcessCommandLine FROM {DeviceProcessEvents}) ON row = best
