// Package schema owns the known tables: the core set shipped with Quarry
// (tables.txt, the tables that public rules name most) and schemas that a user
// imports from CSV.
//
// It imports only kql/types of this module. Start at Core and Set.
package schema
