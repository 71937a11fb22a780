package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"dragonfly/server/config"
)

// healthcheckTimeout bounds the whole exchange with the server.
const healthcheckTimeout = 3 * time.Second

// healthcheck asks a server whether it is alive, for containers without a shell. A server that is loading, or that wants a
// password first, is alive.
func healthcheck(cl *commandLine, env environment, stderr io.Writer) int {
	network, address, err := healthcheckTarget(cl, env, "/proc/1")
	if err == nil {
		err = ping(network, address)
	}
	if err != nil {
		fmt.Fprintf(stderr, "healthcheck: %v\n", err)
		return exitError
	}
	return exitOK
}

// healthcheckTarget returns where the server listens: at HEALTHCHECK_PORT; else where the flags say; and if they name
// neither port nor socket, where the flags of process 1 say, which in a container is the server. initProc is its
// directory under /proc.
func healthcheckTarget(cl *commandLine, env environment, initProc string) (network, address string, err error) {
	cfg := &cl.cfg
	if text := env.get("HEALTHCHECK_PORT"); text != "" {
		if cfg.Port, err = strconv.Atoi(text); err != nil || cfg.Port < 1 || cfg.Port > 65535 {
			return "", "", fmt.Errorf("HEALTHCHECK_PORT is %q, which is no port", text)
		}
		return tcpTarget(cfg)
	}
	if !cl.flags.Changed("port") && !cl.flags.Changed("unixsocket") {
		if args, ok := serverArgs(initProc); ok {
			cfg = &parse(args, env).cfg
		}
	}
	if cfg.Port != 0 {
		return tcpTarget(cfg)
	}
	if cfg.UnixSocket == "" {
		return "", "", config.ErrNoListener
	}
	return "unix", cfg.UnixSocket, nil
}

// tcpTarget returns the TCP address of a server with these settings as seen from its own machine.
func tcpTarget(cfg *config.Config) (network, address string, err error) {
	if cfg.Port < 0 {
		return "", "", fmt.Errorf("port %d lets the server choose; set HEALTHCHECK_PORT", cfg.Port)
	}
	host := cfg.Bind
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		host = "localhost"
	}
	return "tcp", net.JoinHostPort(host, strconv.Itoa(cfg.Port)), nil
}

// serverArgs returns the arguments of a process if it runs this program.
func serverArgs(proc string) ([]string, bool) {
	text, err := os.ReadFile(filepath.Join(proc, "cmdline"))
	if err != nil {
		return nil, false
	}
	args := strings.Split(strings.TrimSuffix(string(text), "\x00"), "\x00")
	return args[1:], filepath.Base(args[0]) == "dragonfly"
}

// ping sends PING and expects one of the answers of a live server.
func ping(network, address string) error {
	conn, err := net.DialTimeout(network, address, healthcheckTimeout)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(healthcheckTimeout)); err != nil {
		return err
	}
	if _, err := io.WriteString(conn, "*1\r\n$4\r\nPING\r\n"); err != nil {
		return err
	}
	reply := make([]byte, 0, 64)
	for !bytes.Contains(reply, []byte("\n")) && len(reply) < cap(reply) {
		n, err := conn.Read(reply[len(reply):cap(reply)])
		reply = reply[:len(reply)+n]
		if err != nil {
			return err
		}
	}
	for _, good := range []string{"+PONG", "-NOAUTH", "-LOADING"} {
		if bytes.HasPrefix(reply, []byte(good)) {
			return nil
		}
	}
	return fmt.Errorf("%s answers %q", address, reply)
}
