// Package attack knows the tactics and techniques of MITRE ATT&CK: what each is
// called, which tactics a technique serves, what a retired one has become.
//
// It owns the table techniques.txt and imports nothing of the program. Start with
// FindTactic and FindTechnique.
//
// © 2025 The MITRE Corporation. The names and ids of ATT&CK are reproduced and
// distributed with the permission of The MITRE Corporation.
package attack
