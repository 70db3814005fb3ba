// Package ratchet keeps scores that may only rise: how many recorded answers of Kusto
// and how many public rules Quarry gets right. The scores stand in ratchet.txt at the
// root of the repository.
//
// The cases are not part of the repository; they lie beside it in ../shared, and
// without them the test is skipped. The package has no code outside its test.
package ratchet
