SELECT Timestamp, DeviceName, coalesce(json_extract_string(AdditionalFields, '$.Namespace'), '') AS Namespace,
  TRY_CAST(json_extract_string(AdditionalFields, '$.RemoteSession') AS BIGINT) AS Session
FROM DeviceProcessEvents
WHERE ActionType = 'ProcessCreatedUsingWmiQuery' AND json_extract_string(AdditionalFields, '$.IsProcessRemoteDevice') = 'true'
