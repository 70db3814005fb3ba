// Package simulate makes logs: some days of a company as rows of the Defender, Entra
// and Microsoft 365 tables, with attacks planted among near misses, and the truth about
// them. The same options give the same bytes on every machine.
//
// One goroutine decides, in the order of time, what happens (generate.go); what it
// decides is an event of a few words, and others write events out as rows (encode.go).
// So the rows stream, and the number of processors changes nothing but the time.
//
// world.go is who and what there is, program.go the programs that run, mix.go which
// tables get rows and how many, day_NAME.go what an ordinary event of a table is,
// columns_NAME.go how its columns are told from it, plant.go and plant_NAME.go the
// attacks. Start with Generate.
//
// It imports kql/types, kql/syntax and events/schema of this module.
package simulate
