package builtin

// infixRows are the operators written between or before their operands.
var infixRows = []Row{}
