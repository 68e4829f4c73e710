// SPDX-License-Identifier: GPL-2.0

// Command ipvs_go asks the family IPVS through github.com/moby/ipvs, as Docker
// does, and prints what each call has answered. It has a netlink of its own: its
// nests are not marked as such, its dumps of services name an empty one, its IPv4
// addresses have 4 bytes. It asks the namespace that it is started in.
package main

import (
	"fmt"
	"net"
	"os"
	"sort"
	"strings"
	"syscall"
	"time"

	"github.com/moby/ipvs"
)

const persistent = 1

// Masks are in the order of the network; this machine's is little-endian.
func mask(ones int) uint32 {
	m := net.CIDRMask(ones, 32)
	return uint32(m[0]) | uint32(m[1])<<8 | uint32(m[2])<<16 | uint32(m[3])<<24
}

// As Docker makes it: no mask.
var byMark = &ipvs.Service{
	FWMark: 1, AddressFamily: syscall.AF_INET, SchedName: ipvs.RoundRobin,
}

var byMark6 = &ipvs.Service{
	FWMark: 6, AddressFamily: syscall.AF_INET6, SchedName: "wrr", Netmask: 128,
}

var tcp = &ipvs.Service{
	Address: net.ParseIP("10.0.0.100"), Port: 80, Protocol: syscall.IPPROTO_TCP,
	AddressFamily: syscall.AF_INET, SchedName: "wlc", Netmask: mask(32),
}

var udp = &ipvs.Service{
	Address: net.ParseIP("10.0.0.100"), Port: 53, Protocol: syscall.IPPROTO_UDP,
	AddressFamily: syscall.AF_INET, SchedName: "sh", Netmask: mask(24),
	Flags: persistent, Timeout: 60,
}

var tcp6 = &ipvs.Service{
	Address: net.ParseIP("2001:db8::100"), Port: 443, Protocol: syscall.IPPROTO_TCP,
	AddressFamily: syscall.AF_INET6, SchedName: "rr", Netmask: 128,
}

var missing = &ipvs.Service{
	FWMark: 9, AddressFamily: syscall.AF_INET, SchedName: ipvs.RoundRobin,
}

func names() []*ipvs.Service {
	return []*ipvs.Service{byMark, byMark6, tcp, udp, tcp6}
}

func name(s *ipvs.Service) string {
	if s.FWMark != 0 {
		return fmt.Sprintf("mark %d", s.FWMark)
	}
	return fmt.Sprintf("%v port %d proto %d", s.Address, s.Port, s.Protocol)
}

func server(s *ipvs.Service, n int, weight int) *ipvs.Destination {
	address := fmt.Sprintf("10.0.0.%d", n)
	if s.AddressFamily == syscall.AF_INET6 {
		address = fmt.Sprintf("2001:db8:30::%d", n)
	}
	return &ipvs.Destination{
		Address: net.ParseIP(address), Port: s.Port, Weight: weight,
		ConnectionFlags: ipvs.ConnectionFlagDirectRoute,
		AddressFamily:   s.AddressFamily,
	}
}

// say prints a call and its answer: an error, or what it has returned.
func say(call string, err error, answer ...string) {
	if err != nil {
		fmt.Printf("%s: refused: %v\n", call, err)
		return
	}
	fmt.Printf("%s: ok\n", call)
	for _, line := range answer {
		fmt.Printf("\t%s\n", line)
	}
}

func showServices(h *ipvs.Handle) []*ipvs.Service {
	services, err := h.GetServices()
	// the order of a dump means nothing
	sort.Slice(services, func(i, j int) bool {
		return name(services[i]) < name(services[j])
	})
	var lines []string
	for _, s := range services {
		lines = append(lines, fmt.Sprintf("%+v", *s))
	}
	say("GetServices", err, lines...)
	return services
}

func showDestinations(h *ipvs.Handle, s *ipvs.Service) []*ipvs.Destination {
	servers, err := h.GetDestinations(s)
	sort.Slice(servers, func(i, j int) bool {
		return servers[i].Address.String() < servers[j].Address.String()
	})
	var lines []string
	for _, d := range servers {
		lines = append(lines, fmt.Sprintf("%+v", *d))
	}
	say("GetDestinations "+name(s), err, lines...)
	return servers
}

func showService(h *ipvs.Handle, s *ipvs.Service) {
	found, err := h.GetService(s)
	if err != nil {
		say("GetService "+name(s), err)
		return
	}
	say("GetService "+name(s), nil, fmt.Sprintf("%+v", *found))
}

func showConfig(h *ipvs.Handle) {
	config, err := h.GetConfig()
	if err != nil {
		say("GetConfig", err)
		return
	}
	say("GetConfig", nil, fmt.Sprintf("%+v", *config))
}

func add(h *ipvs.Handle) {
	for _, s := range names() {
		say("NewService "+name(s), h.NewService(s))
		for n := 11; n < 14; n++ {
			d := server(s, n, n-10)
			if n == 13 {
				d.UpperThreshold, d.LowerThreshold = 9, 5
			}
			say(fmt.Sprintf("NewDestination %s %v", name(s), d.Address),
				h.NewDestination(s, d))
		}
	}
	say("NewService again", h.NewService(byMark))
	say("NewDestination again", h.NewDestination(tcp, server(tcp, 11, 1)))
	say("NewDestination of none", h.NewDestination(missing, server(tcp, 11, 1)))
}

func show(h *ipvs.Handle) {
	showServices(h)
	for _, s := range append(names(), missing) {
		showService(h, s)
		showDestinations(h, s)
		fmt.Printf("IsServicePresent %s: %v\n", name(s), h.IsServicePresent(s))
	}
}

// update sends back all that is told, as it is and changed.
func update(h *ipvs.Handle) {
	for _, s := range showServices(h) {
		say("UpdateService as told, "+name(s), h.UpdateService(s))
		for _, d := range showDestinations(h, s) {
			call := fmt.Sprintf("UpdateDestination %s %v", name(s), d.Address)
			say(call+" as told", h.UpdateDestination(s, d))
			d.Weight += 100
			d.UpperThreshold, d.LowerThreshold = 20, 10
			say(call, h.UpdateDestination(s, d))
		}
		s.SchedName = "wlc"
		// the one mask of persistence that dsr_ipvs refuses
		if s.Netmask == 0 {
			s.Netmask = mask(32)
		}
		s.Flags |= persistent
		s.Timeout = 300
		say("UpdateService "+name(s), h.UpdateService(s))
	}
	say("UpdateService of none", h.UpdateService(missing))
	say("UpdateDestination of none", h.UpdateDestination(tcp, server(tcp, 19, 1)))
}

func configure(h *ipvs.Handle) {
	showConfig(h)
	say("SetConfig", h.SetConfig(&ipvs.Config{
		TimeoutTCP: 901 * time.Second, TimeoutTCPFin: 121 * time.Second,
		TimeoutUDP: 301 * time.Second,
	}))
	showConfig(h)
	say("SetConfig of one", h.SetConfig(&ipvs.Config{TimeoutUDP: 302 * time.Second}))
	showConfig(h)
	say("SetConfig as before", h.SetConfig(&ipvs.Config{
		TimeoutTCP: 900 * time.Second, TimeoutTCPFin: 120 * time.Second,
		TimeoutUDP: 300 * time.Second,
	}))
}

func remove(h *ipvs.Handle) {
	for _, s := range names() {
		call := "DelDestination " + name(s)
		say(call, h.DelDestination(s, server(s, 12, 0)))
		say(call+" again", h.DelDestination(s, server(s, 12, 0)))
		showDestinations(h, s)
	}
	for _, s := range []*ipvs.Service{byMark6, udp} {
		say("DelService "+name(s), h.DelService(s))
		say("DelService again", h.DelService(s))
	}
	showServices(h)
	say("Flush", h.Flush())
	say("Flush again", h.Flush())
	showServices(h)
}

func main() {
	h, err := ipvs.New("")
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: no handle: %v\n",
			strings.TrimPrefix(os.Args[0], "./"), err)
		os.Exit(1)
	}
	defer h.Close()
	say("Flush", h.Flush())
	add(h)
	show(h)
	update(h)
	show(h)
	configure(h)
	remove(h)
}
