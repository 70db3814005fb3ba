SELECT Timestamp, DeviceName, RemoteIP, RemotePort, InitiatingProcessFileName
FROM DeviceNetworkEvents
WHERE RemotePort IN (3389, 5985, 5986, 22)
ORDER BY Timestamp DESC
LIMIT 100
