// Package kusto speaks the REST protocol of Kusto (Azure Data Explorer), so that its
// clients work on local tables: queries as v1 tables and v2 frames, and the management
// commands that clients send by themselves. How clients differ, and what each of them
// insists on, decides many details; the comments say which client.
//
// It imports hunt and api. Start with Server; query.go runs queries, v1.go and v2.go
// write answers, command.go and show.go are the management commands.
package kusto
