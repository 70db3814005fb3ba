package events

import (
	"bytes"
	"math/big"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/parquet-go/parquet-go"
)

type parquetRow struct {
	Flag    bool              `parquet:"flag"`
	Small   int32             `parquet:"small"`
	Big     int64             `parquet:"big,optional"`
	Huge    uint64            `parquet:"huge"`
	Half    float64           `parquet:"half"`
	Name    string            `parquet:"name,optional"`
	Bytes   []byte            `parquet:"bytes"`
	ID      uuid.UUID         `parquet:"id,uuid"`
	At      time.Time         `parquet:"at,timestamp(microsecond)"`
	AtMilli int64             `parquet:"atMilli,timestamp(millisecond)"`
	AtNano  int64             `parquet:"atNano,timestamp(nanosecond)"`
	Day     int32             `parquet:"day,date"`
	Price   int64             `parquet:"price,decimal(2:10)"`
	Tags    []string          `parquet:"tags,list"`
	Plain   []int32           `parquet:"plain"`
	Labels  map[string]int64  `parquet:"labels"`
	Inner   *parquetInner     `parquet:"inner,optional"`
	Inners  []parquetInner    `parquet:"inners,list"`
	Deep    map[string][]bool `parquet:"deep"`
}

type parquetInner struct {
	A int64   `parquet:"a"`
	B *string `parquet:"b,optional"`
}

func TestParquet(t *testing.T) {
	var b bytes.Buffer
	at := time.Date(2024, 1, 2, 3, 4, 5, 123456000, time.UTC)
	text := `q"`
	w := parquet.NewGenericWriter[parquetRow](&b)
	if _, err := w.Write([]parquetRow{
		{Flag: true, Small: -1, Big: 1 << 40, Huge: 1<<64 - 1, Half: 0.5, Name: "n", Bytes: []byte{0xff, 0}, ID: uuid.MustParse("00112233-4455-6677-8899-aabbccddeeff"),
			At: at, AtMilli: at.UnixMilli(), AtNano: at.UnixNano(), Day: 19724, Price: -1205, Tags: []string{"x", "y"}, Plain: []int32{1, 2},
			Labels: map[string]int64{"k": 1}, Inner: &parquetInner{A: 1, B: &text}, Inners: []parquetInner{{A: 2}, {A: 3, B: &text}}, Deep: map[string][]bool{"d": {true, false}}},
		{At: at, Tags: []string{}, Huge: 5},
	}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	want := `
x
  flag:bool=true small:long=-1 big:long=1099511627776 huge:string=18446744073709551615 half:real=0.5 name:string=n bytes:string=/wA= id:guid=00112233-4455-6677-8899-aabbccddeeff at:datetime=2024-01-02T03:04:05.1234560Z atMilli:datetime=2024-01-02T03:04:05.1230000Z atNano:datetime=2024-01-02T03:04:05.1234560Z day:datetime=2024-01-02T00:00:00.0000000Z price:decimal=-12.05 tags:dynamic=["x","y"] plain:dynamic=[1,2] labels:dynamic={"k":1} inner:dynamic={"a":1,"b":"q\""} inners:dynamic=[{"a":2,"b":null},{"a":3,"b":"q\""}] deep:dynamic={"d":[true,false]}
  flag:bool=false small:long=0 huge:string=5 half:real=0.0 id:guid=00000000-0000-0000-0000-000000000000 at:datetime=2024-01-02T03:04:05.1234560Z atMilli:datetime=1970-01-01T00:00:00.0000000Z atNano:datetime=1970-01-01T00:00:00.0000000Z day:datetime=1970-01-01T00:00:00.0000000Z price:decimal=0 tags:dynamic=[] plain:dynamic=[] labels:dynamic={} inners:dynamic=[] deep:dynamic={}
`
	for name, content := range map[string]string{"x.parquet": b.String(), "x.gz": packed(t, "gzip", b.String())} {
		m, _, err := load(t, Options{}, name, content)
		if err != nil {
			t.Fatal(err)
		}
		checkTables(t, m, want)
	}
	// Damage of any kind is an error, never a panic.
	whole := b.Bytes()
	for _, cut := range []int{8, 100, len(whole) / 2, len(whole) - 9} {
		if _, _, err := load(t, Options{}, "x.parquet", string(whole[:cut])); err == nil {
			t.Errorf("cut at %d: no error", cut)
		}
	}
	for i := 4; i < len(whole)-8; i += 37 {
		bad := bytes.Clone(whole)
		bad[i] ^= 0x55
		load(t, Options{}, "x.parquet", string(bad))
	}
}

// A table's own schema decides, also over a typed source.
func TestParquetIntoKnownTable(t *testing.T) {
	type row struct {
		Timestamp  int64 `parquet:"Timestamp"` // Unix milliseconds without a logical type
		RemotePort int64
		RemoteIP   string
		ReportId   string
	}
	var b bytes.Buffer
	w := parquet.NewGenericWriter[row](&b)
	w.Write([]row{{1704164645123, 443, "10.0.0.1", "7"}, {1, 443, "", "7"}, {0, 99999999, "", "seven"}})
	w.Close()
	m, rep, err := load(t, Options{}, "DeviceNetworkEvents.parquet", b.String())
	if err != nil || rep.Rejects != 2 {
		t.Errorf("error %v, %d rejects", err, rep.Rejects)
	}
	checkTables(t, m, `
DeviceNetworkEvents
  Timestamp:datetime=2024-01-02T03:04:05.1230000Z TimeGenerated:datetime=2024-01-02T03:04:05.1230000Z RemoteIP:string=10.0.0.1 RemotePort:int=443 ReportId:long=7
_Rejects
  File:string=DeviceNetworkEvents.parquet Line:long=2 Offset:long=0 Table:string=DeviceNetworkEvents Column:string=Timestamp Reason:string=1 is not a datetime; a number is read as Unix time only if it means 2000 to 2100 in seconds, milliseconds, microseconds or nanoseconds
  File:string=DeviceNetworkEvents.parquet Line:long=3 Offset:long=0 Table:string=DeviceNetworkEvents Column:string=Timestamp Reason:string=0 is not a datetime; a number is read as Unix time only if it means 2000 to 2100 in seconds, milliseconds, microseconds or nanoseconds
`)
}

func TestParquetDecimal(t *testing.T) {
	n, _ := new(big.Int).SetString("-123456789012345678901234567890", 10)
	n.Add(n, new(big.Int).Lsh(big.NewInt(1), 128))
	if v, typ := parquetDecimal(parquet.FixedLenByteArrayValue(n.Bytes()), 4); v != "-12345678901234567890123456.789" {
		t.Errorf("%v %v", v, typ)
	}
}
