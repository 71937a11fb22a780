package server_test

import (
	"context"
	"fmt"
	"net"

	"github.com/redis/go-redis/v9"

	"dragonfly/server"
	"dragonfly/server/config"
)

// A server inside the process, with the data of a dump file and without a port.
func Example() {
	cfg := config.Default()
	cfg.Port = 0 // no TCP socket
	cfg.Dir, cfg.DBFilename = "../testdata/sample", "dump.rdb"
	srv, err := server.New(&cfg, nil)
	if err != nil {
		panic(err)
	}
	defer srv.Close() // saves nothing: the file stays as it is
	ctx := context.Background()
	if err := srv.Load(ctx); err != nil {
		panic(err)
	}

	client := redis.NewClient(&redis.Options{
		Dialer: func(ctx context.Context, _, _ string) (net.Conn, error) { return srv.Dial(ctx) },
	})
	defer client.Close()
	kind, err := client.Type(ctx, "stream").Result()
	fmt.Println(kind, err)
	fmt.Println(client.Set(ctx, "greeting", "hello", 0).Result())
	fmt.Println(client.Get(ctx, "greeting").Result())
	// Output:
	// stream <nil>
	// OK <nil>
	// hello <nil>
}
