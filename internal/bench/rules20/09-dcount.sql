SELECT DeviceId, InitiatingProcessFileName, count(DISTINCT RemoteIP) AS Addresses, count(DISTINCT RemotePort) AS Ports
FROM DeviceNetworkEvents
WHERE ActionType = 'ConnectionSuccess' AND RemotePort NOT IN (80, 443)
GROUP BY DeviceId, InitiatingProcessFileName
HAVING count(DISTINCT RemoteIP) > 50
