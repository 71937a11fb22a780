package lualib

import "testing"

// BenchmarkScript measures what scripts do most, a hundred thousand times each.
func BenchmarkScript(b *testing.B) {
	for name, source := range map[string]string{
		"loop":     "local n = 0 for i = 1, 1e5 do n = n + i end",
		"concat":   "for i = 1, 1e5 do local s = 'key:' .. i end",
		"length":   "local t = {} for i = 1, 1e5 do t[#t + 1] = i end",
		"insert":   "local t, insert = {}, table.insert for i = 1, 1e5 do insert(t, i) end",
		"pcall":    "local function f() end for i = 1, 1e5 do pcall(f) end",
		"tonumber": "for i = 1, 1e5 do local n = tonumber('12') end",
		"format":   "for i = 1, 1e5 do local s = string.format('%d:%s', i, 'x') end",
		"match":    "for i = 1, 1e5 do local s = ('key:12:name'):match('^key:(%d+):') end",
		"ipairs":   "local t = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10} for i = 1, 1e4 do for j, v in ipairs(t) do end end",
		"cjson":    "local t = {a = 1, b = {1, 2, 3}} for i = 1, 1e5 do local s = cjson.encode(t) end",
		"sort":     "for i = 1, 100 do local t = {} for j = 1, 100 do t[j] = (j * 37) % 101 end table.sort(t) end",
	} {
		b.Run(name, func(b *testing.B) {
			L := newState(b, Options{})
			proto, err := Compile(source, "@s")
			if err != nil {
				b.Fatal(err)
			}
			fn := L.NewFunctionFromProto(proto)
			b.ReportAllocs()
			for b.Loop() {
				if _, fault := Call(L, fn); fault != nil {
					b.Fatal(fault)
				}
			}
		})
	}
}
