// Command demo checks what "make demo" found against the truth that the simulation
// wrote: every planted chain is found, no near miss is, and nothing else is taken for
// a chain.
package main
