SELECT l.countryOrRegion AS Country, l.state AS State, l.city AS City, d.operatingSystem AS System, d.browser AS Browser,
  count(DISTINCT UserPrincipalName) AS Users, max(CAST(l.geoCoordinates.latitude AS DOUBLE)) AS North
FROM (
  SELECT UserPrincipalName,
    from_json(LocationDetails, '{"city":"VARCHAR","countryOrRegion":"VARCHAR","state":"VARCHAR","geoCoordinates":{"latitude":"DOUBLE"}}') AS l,
    from_json(DeviceDetail, '{"operatingSystem":"VARCHAR","browser":"VARCHAR"}') AS d
  FROM SigninLogs
)
WHERE Country <> 'US' AND City <> ''
GROUP BY ALL
