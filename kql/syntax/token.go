package syntax

import "quarry/kql/source"

// kind is a lexical token's kind. Keywords that the grammar never asks for share kwOther.
type kind uint8

const (
	tEnd kind = iota
	tBad
	tName
	tDirective

	// Literals.
	tString
	tLong
	tInt
	tReal
	tDecimal
	tBool
	tDatetime
	tTimespan
	tGuid
	tRawGuid

	// Punctuation.
	tLParen
	tRParen
	tLBracket
	tRBracket
	tLBrace
	tRBrace
	tBar
	tDot
	tDotDot
	tPlus
	tMinus
	tStar
	tSlash
	tPercent
	tLess
	tLessEq
	tLessBar
	tNotEqSQL // <>
	tGreater
	tGreaterEq
	tAssign
	tEqEq
	tArrow // =>
	tEqTilde
	tNotEq
	tNotTilde
	tBang
	tColon
	tSemicolon
	tComma
	tAt
	tQuestion

	// String operators that are not words.
	tMatchesRegex
	tNotBetween
	tNotContains
	tNotContainsCs
	tNotEndsWith
	tNotEndsWithCs
	tNotHas
	tNotHasCs
	tNotHasPrefix
	tNotHasPrefixCs
	tNotHasSuffix
	tNotHasSuffixCs
	tNotIn
	tNotInCI
	tNotStartsWith
	tNotStartsWithCs

	// Keywords.
	kwOther
	kwAlias
	kwDeclare
	kwRestrict
	kwSet
	kwLet
	kwAccess
	kwDatabase
	kwPattern
	kwQueryParameters
	kwView
	kwEntityGroup
	kwMaterialize
	kwAs
	kwAssertSchema
	kwConsume
	kwCount
	kwDistinct
	kwEvaluate
	kwInternalExecuteAndCache
	kwExtend
	kwFacet
	kwFilter
	kwWhere
	kwFind
	kwFork
	kwGetschema
	kwInvoke
	kwJoin
	kwLookup
	kwMakeSeries
	kwMvapply
	kwMvApply
	kwMvexpand
	kwMvExpand
	kwParse
	kwParseWhere
	kwParseKv
	kwPartition
	kwInternalPartitionby
	kwProject
	kwProjectAway
	kwProjectKeep
	kwProjectRename
	kwProjectReorder
	kwProjectByNames
	kwProjectSmart
	kwInternalProjectAway
	kwRange
	kwReduce
	kwRender
	kwSample
	kwSampleDistinct
	kwScan
	kwSearch
	kwSerialize
	kwSort
	kwOrder
	kwSummarize
	kwTake
	kwLimit
	kwTop
	kwTopHitters
	kwTopNested
	kwUnion
	kwPrint
	kwMacroExpand
	kwMakeGraph
	kwGraphMatch
	kwGraphShortestPaths
	kwGraphToTable
	kwGraphMarkComponents
	kwGraphWhereNodes
	kwGraphWhereEdges
	kwInlineExternalTable
	kwAnd
	kwOr
	kwIn
	kwInCI
	kwHas
	kwHasCs
	kwHasprefix
	kwHasprefixCs
	kwHassuffix
	kwHassuffixCs
	kwHasAny
	kwHasAll
	kwContains
	kwContainsCs
	kwContainscs
	kwNotcontains
	kwNotcontainscs
	kwLike
	kwLikecs
	kwNotlike
	kwNotlikecs
	kwStartswith
	kwStartswithCs
	kwEndswith
	kwEndswithCs
	kwBetween
	kwAsc
	kwDesc
	kwGrannyAsc
	kwGrannyDesc
	kwNulls
	kwFirst
	kwLast
	kwBy
	kwOn
	kwWith
	kwFrom
	kwTo
	kwStep
	kwOf
	kwOthers
	kwDefault
	kwId
	kwBin
	kwKind
	kwOutput
	kwOptional
	kwPartitionedBy
	kwWithNodeId
	kwNodes
	kwEdges
	kwPack
	kwNull
	kwDatatable
	kwExternaldata
	kwExternalData
	kwMaterializedViewCombine
	kwInternalContextualDatatable
	kwToscalar
	kwTotable
	kwTypeof
	kwDatascope
	kwDynamic
	kwBool
	kwBoolean
	kwInt
	kwInt8
	kwInt16
	kwInt32
	kwInt64
	kwUint
	kwUint8
	kwUint16
	kwUint32
	kwUint64
	kwUlong
	kwLong
	kwFloat
	kwReal
	kwDouble
	kwDecimal
	kwString
	kwTime
	kwTimespan
	kwDate
	kwDatetime
	kwGuid
	kwUniqueid

	numKinds
)

// token is a piece of the text; what lies between tokens is white space and comments.
type token struct {
	kind       kind
	use        nameUse
	start, end int32
}

func (t token) span() source.Span { return source.Span{Start: int(t.start), End: int(t.end)} }

// nameUse tells where a keyword may stand for a name without brackets.
type nameUse uint8

const (
	isKeyword  nameUse = 1 << iota
	asName             // anywhere
	asNewName          // before '=' in a list of columns, in a schema, inside a wildcard
	asColumn           // where a column or table is read ("kind")
	wasKeyword         // a name although it is spelled like a keyword: the first word of "project-awayX"
)

type keyword struct {
	kind kind
	use  nameUse
}

// keywords holds every reserved word of KQL, in KQL's own (case-sensitive) spelling.
var keywords = map[string]keyword{
	"__contextual_datatable":      {kwInternalContextualDatatable, isKeyword},
	"__crossCluster":              {kwOther, isKeyword},
	"__crossDB":                   {kwOther, isKeyword},
	"__executeAndCache":           {kwInternalExecuteAndCache, isKeyword},
	"__id":                        {kwOther, isKeyword},
	"__isFuzzy":                   {kwOther, isKeyword},
	"__noWithSource":              {kwOther, isKeyword},
	"__packedColumn":              {kwOther, isKeyword},
	"__partitionby":               {kwInternalPartitionby, isKeyword | asName},
	"__projectAway":               {kwInternalProjectAway, isKeyword},
	"__sourceColumnIndex":         {kwOther, isKeyword},
	"access":                      {kwAccess, isKeyword | asName},
	"accumulate":                  {kwOther, isKeyword | asNewName},
	"alias":                       {kwAlias, isKeyword | asName},
	"and":                         {kwAnd, isKeyword},
	"anomalychart":                {kwOther, isKeyword},
	"areachart":                   {kwOther, isKeyword},
	"as":                          {kwAs, isKeyword | asNewName},
	"asc":                         {kwAsc, isKeyword},
	"assert-schema":               {kwAssertSchema, isKeyword},
	"bagexpansion":                {kwOther, isKeyword},
	"barchart":                    {kwOther, isKeyword},
	"best_effort":                 {kwOther, isKeyword | asName},
	"between":                     {kwBetween, isKeyword},
	"bin":                         {kwBin, isKeyword | asName},
	"bin_legacy":                  {kwOther, isKeyword},
	"bool":                        {kwBool, isKeyword | asName},
	"boolean":                     {kwBoolean, isKeyword},
	"by":                          {kwBy, isKeyword | asNewName},
	"byte":                        {kwOther, isKeyword},
	"cachingpolicy":               {kwOther, isKeyword},
	"callout":                     {kwOther, isKeyword},
	"cancel":                      {kwOther, isKeyword},
	"card":                        {kwOther, isKeyword},
	"char":                        {kwOther, isKeyword},
	"columnchart":                 {kwOther, isKeyword},
	"commands-and-queries":        {kwOther, isKeyword},
	"consume":                     {kwConsume, isKeyword | asName | asNewName},
	"contains":                    {kwContains, isKeyword | asNewName},
	"contains_cs":                 {kwContainsCs, isKeyword},
	"containscs":                  {kwContainscs, isKeyword},
	"count":                       {kwCount, isKeyword | asName | asNewName},
	"cycles":                      {kwOther, isKeyword},
	"database":                    {kwDatabase, isKeyword | asName},
	"dataexport":                  {kwOther, isKeyword},
	"dataformat":                  {kwOther, isKeyword | asName | asNewName},
	"datascope":                   {kwDatascope, isKeyword},
	"datatable":                   {kwDatatable, isKeyword | asNewName},
	"date":                        {kwDate, isKeyword},
	"datetime":                    {kwDatetime, isKeyword},
	"datetime_pattern":            {kwOther, isKeyword | asName | asNewName},
	"decimal":                     {kwDecimal, isKeyword},
	"declare":                     {kwDeclare, isKeyword | asName},
	"decodeblocks":                {kwOther, isKeyword},
	"default":                     {kwDefault, isKeyword | asName},
	"desc":                        {kwDesc, isKeyword},
	"distinct":                    {kwDistinct, isKeyword | asName | asNewName},
	"double":                      {kwDouble, isKeyword},
	"dynamic":                     {kwDynamic, isKeyword},
	"earliest":                    {kwOther, isKeyword | asNewName},
	"edges":                       {kwEdges, isKeyword | asName},
	"encodingpolicy":              {kwOther, isKeyword},
	"endswith":                    {kwEndswith, isKeyword},
	"endswith_cs":                 {kwEndswithCs, isKeyword},
	"entity_group":                {kwEntityGroup, isKeyword | asName},
	"evaluate":                    {kwEvaluate, isKeyword | asName},
	"expandoutput":                {kwOther, isKeyword},
	"extend":                      {kwExtend, isKeyword | asName | asNewName},
	"extent_tags_retention":       {kwOther, isKeyword},
	"external_data":               {kwExternalData, isKeyword},
	"externaldata":                {kwExternaldata, isKeyword | asNewName},
	"facet":                       {kwFacet, isKeyword | asName},
	"filter":                      {kwFilter, isKeyword | asName | asNewName},
	"find":                        {kwFind, isKeyword | asNewName},
	"first":                       {kwFirst, isKeyword},
	"flags":                       {kwOther, isKeyword},
	"float":                       {kwFloat, isKeyword},
	"force_remote":                {kwOther, isKeyword},
	"fork":                        {kwFork, isKeyword | asName},
	"from":                        {kwFrom, isKeyword | asName},
	"getschema":                   {kwGetschema, isKeyword | asName},
	"granny-asc":                  {kwGrannyAsc, isKeyword},
	"granny-desc":                 {kwGrannyDesc, isKeyword},
	"graph":                       {kwOther, isKeyword | asName},
	"graph-mark-components":       {kwGraphMarkComponents, isKeyword},
	"graph-match":                 {kwGraphMatch, isKeyword},
	"graph-shortest-paths":        {kwGraphShortestPaths, isKeyword},
	"graph-to-table":              {kwGraphToTable, isKeyword},
	"graph-where-edges":           {kwGraphWhereEdges, isKeyword},
	"graph-where-nodes":           {kwGraphWhereNodes, isKeyword},
	"guid":                        {kwGuid, isKeyword | asName},
	"harddelete":                  {kwOther, isKeyword},
	"hardretention":               {kwOther, isKeyword},
	"has":                         {kwHas, isKeyword | asNewName},
	"has_all":                     {kwHasAll, isKeyword},
	"has_any":                     {kwHasAny, isKeyword},
	"has_cs":                      {kwHasCs, isKeyword},
	"hasprefix":                   {kwHasprefix, isKeyword},
	"hasprefix_cs":                {kwHasprefixCs, isKeyword},
	"hassuffix":                   {kwHassuffix, isKeyword},
	"hassuffix_cs":                {kwHassuffixCs, isKeyword},
	"hint.concurrency":            {kwOther, isKeyword},
	"hint.distribution":           {kwOther, isKeyword},
	"hint.materialized":           {kwOther, isKeyword},
	"hint.num_partitions":         {kwOther, isKeyword},
	"hint.pass_filters":           {kwOther, isKeyword},
	"hint.pass_filters_column":    {kwOther, isKeyword},
	"hint.progressive_top":        {kwOther, isKeyword},
	"hint.remote":                 {kwOther, isKeyword},
	"hint.shufflekey":             {kwOther, isKeyword},
	"hint.spread":                 {kwOther, isKeyword},
	"hint.strategy":               {kwOther, isKeyword},
	"hotcache":                    {kwOther, isKeyword},
	"id":                          {kwId, isKeyword | asName},
	"in":                          {kwIn, isKeyword | asNewName},
	"inline_external_table":       {kwInlineExternalTable, isKeyword | asName | asNewName},
	"int":                         {kwInt, isKeyword},
	"int16":                       {kwInt16, isKeyword},
	"int32":                       {kwInt32, isKeyword},
	"int64":                       {kwInt64, isKeyword},
	"int8":                        {kwInt8, isKeyword},
	"invoke":                      {kwInvoke, isKeyword | asNewName},
	"in~":                         {kwInCI, isKeyword},
	"isfuzzy":                     {kwOther, isKeyword},
	"join":                        {kwJoin, isKeyword | asName},
	"journal":                     {kwOther, isKeyword},
	"kind":                        {kwKind, isKeyword | asColumn},
	"ladderchart":                 {kwOther, isKeyword},
	"last":                        {kwLast, isKeyword},
	"latest":                      {kwOther, isKeyword | asNewName},
	"let":                         {kwLet, isKeyword | asName},
	"like":                        {kwLike, isKeyword},
	"likecs":                      {kwLikecs, isKeyword},
	"limit":                       {kwLimit, isKeyword | asName | asNewName},
	"linechart":                   {kwOther, isKeyword},
	"long":                        {kwLong, isKeyword},
	"lookup":                      {kwLookup, isKeyword | asName},
	"macro-expand":                {kwMacroExpand, isKeyword},
	"make-graph":                  {kwMakeGraph, isKeyword},
	"make-series":                 {kwMakeSeries, isKeyword},
	"materialize":                 {kwMaterialize, isKeyword | asNewName},
	"materialized-view-combine":   {kwMaterializedViewCombine, isKeyword},
	"materialized-views":          {kwOther, isKeyword},
	"mdm":                         {kwOther, isKeyword | asNewName},
	"missing":                     {kwOther, isKeyword},
	"mv-apply":                    {kwMvApply, isKeyword},
	"mv-expand":                   {kwMvExpand, isKeyword},
	"mvapply":                     {kwMvapply, isKeyword | asName},
	"mvexpand":                    {kwMvexpand, isKeyword | asName},
	"nodes":                       {kwNodes, isKeyword | asName},
	"nooptimization":              {kwOther, isKeyword},
	"notcontains":                 {kwNotcontains, isKeyword},
	"notcontainscs":               {kwNotcontainscs, isKeyword},
	"notlike":                     {kwNotlike, isKeyword},
	"notlikecs":                   {kwNotlikecs, isKeyword},
	"null":                        {kwNull, isKeyword | asName},
	"nulls":                       {kwNulls, isKeyword | asName},
	"of":                          {kwOf, isKeyword | asNewName},
	"on":                          {kwOn, isKeyword | asName},
	"optional":                    {kwOptional, isKeyword | asName},
	"or":                          {kwOr, isKeyword},
	"order":                       {kwOrder, isKeyword | asName},
	"others":                      {kwOthers, isKeyword},
	"output":                      {kwOutput, isKeyword | asName},
	"pack":                        {kwPack, isKeyword | asName},
	"parse":                       {kwParse, isKeyword | asName | asNewName},
	"parse-kv":                    {kwParseKv, isKeyword},
	"parse-where":                 {kwParseWhere, isKeyword},
	"partition":                   {kwPartition, isKeyword | asName},
	"partitioned-by":              {kwPartitionedBy, isKeyword},
	"pathformat":                  {kwOther, isKeyword},
	"pattern":                     {kwPattern, isKeyword | asName},
	"piechart":                    {kwOther, isKeyword},
	"pivotchart":                  {kwOther, isKeyword},
	"plotly":                      {kwOther, isKeyword | asName | asNewName},
	"print":                       {kwPrint, isKeyword | asNewName},
	"project":                     {kwProject, isKeyword},
	"project-away":                {kwProjectAway, isKeyword},
	"project-by-names":            {kwProjectByNames, isKeyword},
	"project-keep":                {kwProjectKeep, isKeyword},
	"project-rename":              {kwProjectRename, isKeyword},
	"project-reorder":             {kwProjectReorder, isKeyword},
	"project-smart":               {kwProjectSmart, isKeyword},
	"queries":                     {kwOther, isKeyword},
	"query_parameters":            {kwQueryParameters, isKeyword | asName},
	"query_results":               {kwOther, isKeyword},
	"range":                       {kwRange, isKeyword | asName},
	"real":                        {kwReal, isKeyword},
	"reduce":                      {kwReduce, isKeyword | asName},
	"regex":                       {kwOther, isKeyword | asName},
	"relaxed":                     {kwOther, isKeyword},
	"render":                      {kwRender, isKeyword | asName},
	"restrict":                    {kwRestrict, isKeyword | asName},
	"restricted_view_access":      {kwOther, isKeyword},
	"row_level_security":          {kwOther, isKeyword},
	"rowstore":                    {kwOther, isKeyword},
	"rowstore_references":         {kwOther, isKeyword},
	"rowstore_sealinfo":           {kwOther, isKeyword},
	"rowstorepolicy":              {kwOther, isKeyword},
	"rowstores":                   {kwOther, isKeyword},
	"sample":                      {kwSample, isKeyword | asNewName},
	"sample-distinct":             {kwSampleDistinct, isKeyword | asNewName},
	"scan":                        {kwScan, isKeyword | asName | asNewName},
	"scatterchart":                {kwOther, isKeyword},
	"seal":                        {kwOther, isKeyword},
	"seals":                       {kwOther, isKeyword},
	"search":                      {kwSearch, isKeyword | asNewName},
	"serialize":                   {kwSerialize, isKeyword | asName | asNewName},
	"set":                         {kwSet, isKeyword | asNewName},
	"set-or-append":               {kwOther, isKeyword},
	"set-or-replace":              {kwOther, isKeyword},
	"shards":                      {kwOther, isKeyword},
	"simple":                      {kwOther, isKeyword},
	"softdelete":                  {kwOther, isKeyword},
	"softretention":               {kwOther, isKeyword},
	"sort":                        {kwSort, isKeyword | asName | asNewName},
	"sql":                         {kwOther, isKeyword | asNewName},
	"stackedareachart":            {kwOther, isKeyword},
	"startswith":                  {kwStartswith, isKeyword},
	"startswith_cs":               {kwStartswithCs, isKeyword},
	"statistics":                  {kwOther, isKeyword},
	"step":                        {kwStep, isKeyword | asName},
	"storedqueryresultcontainers": {kwOther, isKeyword},
	"string":                      {kwString, isKeyword},
	"summarize":                   {kwSummarize, isKeyword | asName | asNewName},
	"tablepurge":                  {kwOther, isKeyword},
	"take":                        {kwTake, isKeyword | asName | asNewName},
	"time":                        {kwTime, isKeyword},
	"timechart":                   {kwOther, isKeyword},
	"timeline":                    {kwOther, isKeyword},
	"timepivot":                   {kwOther, isKeyword},
	"timespan":                    {kwTimespan, isKeyword},
	"title":                       {kwOther, isKeyword | asNewName},
	"to":                          {kwTo, isKeyword | asNewName},
	"top":                         {kwTop, isKeyword | asName | asNewName},
	"top-hitters":                 {kwTopHitters, isKeyword | asNewName},
	"top-nested":                  {kwTopNested, isKeyword | asNewName},
	"toscalar":                    {kwToscalar, isKeyword | asNewName},
	"totable":                     {kwTotable, isKeyword | asNewName},
	"treemap":                     {kwOther, isKeyword},
	"typeof":                      {kwTypeof, isKeyword | asName},
	"uint":                        {kwUint, isKeyword},
	"uint16":                      {kwUint16, isKeyword},
	"uint32":                      {kwUint32, isKeyword},
	"uint64":                      {kwUint64, isKeyword},
	"uint8":                       {kwUint8, isKeyword},
	"ulong":                       {kwUlong, isKeyword},
	"union":                       {kwUnion, isKeyword},
	"uniqueid":                    {kwUniqueid, isKeyword},
	"unrestrictedviewers":         {kwOther, isKeyword},
	"uuid":                        {kwOther, isKeyword | asName},
	"verbose":                     {kwOther, isKeyword | asNewName},
	"view":                        {kwView, isKeyword | asName},
	"viewers":                     {kwOther, isKeyword | asNewName},
	"views":                       {kwOther, isKeyword},
	"where":                       {kwWhere, isKeyword | asNewName},
	"with":                        {kwWith, isKeyword | asName},
	"with_itemindex":              {kwOther, isKeyword},
	"with_match_id":               {kwOther, isKeyword},
	"with_node_id":                {kwWithNodeId, isKeyword | asName},
	"with_source":                 {kwOther, isKeyword | asColumn},
	"with_step_name":              {kwOther, isKeyword},
	"withsource":                  {kwOther, isKeyword | asColumn},
	"writeaheadlog":               {kwOther, isKeyword},
}

// compound lists, under their first word, the keywords that go on after it with
// a character no name may hold. The longest comes first.
var compound = map[string][]string{
	"assert":       {"assert-schema"},
	"commands":     {"commands-and-queries"},
	"granny":       {"granny-desc", "granny-asc"},
	"graph":        {"graph-mark-components", "graph-shortest-paths", "graph-where-edges", "graph-where-nodes", "graph-to-table", "graph-match"},
	"hint":         {"hint.pass_filters_column", "hint.progressive_top", "hint.num_partitions", "hint.distribution", "hint.materialized", "hint.pass_filters", "hint.concurrency", "hint.shufflekey", "hint.strategy", "hint.remote", "hint.spread"},
	"in":           {"in~"},
	"macro":        {"macro-expand"},
	"make":         {"make-series", "make-graph"},
	"materialized": {"materialized-view-combine", "materialized-views"},
	"mv":           {"mv-expand", "mv-apply"},
	"parse":        {"parse-where", "parse-kv"},
	"partitioned":  {"partitioned-by"},
	"project":      {"project-by-names", "project-reorder", "project-rename", "project-smart", "project-away", "project-keep"},
	"sample":       {"sample-distinct"},
	"set":          {"set-or-replace", "set-or-append"},
	"top":          {"top-hitters", "top-nested"},
	"matches":      {"matches regex"},
}

// negated maps what may follow '!' to its token.
var negated = map[string]kind{
	"between": tNotBetween, "contains": tNotContains, "contains_cs": tNotContainsCs, "endswith": tNotEndsWith, "endswith_cs": tNotEndsWithCs,
	"has": tNotHas, "has_cs": tNotHasCs, "hasprefix": tNotHasPrefix, "hasprefix_cs": tNotHasPrefixCs, "hassuffix": tNotHasSuffix, "hassuffix_cs": tNotHasSuffixCs,
	"in": tNotIn, "in~": tNotInCI, "startswith": tNotStartsWith, "startswith_cs": tNotStartsWithCs,
}
