// A VSP as images made for the Go operator are: it lists no devices until it is told a number of them, answers a bridge
// port under a name of its own, a second Init with an error, and cannot list. Its devices are veth pairs.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
)

const socket = "/var/run/dpu-daemon/vendor-plugin/vendor-plugin.sock"

type server struct {
	sync.Mutex
	initialised bool
	devices     []string
	ports       map[string][]byte
}

func main() {
	path := socket
	if len(os.Args) > 1 {
		path = os.Args[1]
	}
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		log.Fatal(err)
	}
	listener, err := net.Listen("unix", path)
	if err != nil {
		log.Fatal(err)
	}
	vsp := &server{ports: map[string][]byte{}}
	host := grpc.NewServer(grpc.ForceServerCodec(raw{}), grpc.UnknownServiceHandler(vsp.handle))
	ending, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	go func() {
		<-ending.Done()
		host.GracefulStop()
	}()
	log.Printf("serving on %s", path)
	if err := host.Serve(listener); err != nil {
		log.Fatal(err)
	}
}

func (vsp *server) handle(_ any, stream grpc.ServerStream) error {
	method, _ := grpc.MethodFromServerStream(stream)
	var request []byte
	if err := stream.RecvMsg(&request); err != nil {
		return err
	}
	answer, err := vsp.call(method, request)
	log.Printf("%s: %v", method, err)
	if err != nil {
		return err
	}
	return stream.SendMsg(&answer)
}

func (vsp *server) call(method string, request []byte) ([]byte, error) {
	vsp.Lock()
	defer vsp.Unlock()
	switch method {
	case "/opi_api.lifecycle.v1alpha1.LifeCycleService/Init":
		return vsp.init()
	case "/opi_api.lifecycle.v1alpha1.DeviceService/GetDevices":
		return vsp.getDevices(), nil
	case "/opi_api.lifecycle.v1alpha1.DeviceService/SetNumVfs":
		return vsp.setNumVfs(int(number(request, 1)))
	case "/opi_api.lifecycle.v1alpha1.HeartbeatService/Ping":
		return protowire.AppendVarint(protowire.AppendTag(nil, 3, protowire.VarintType), 1), nil
	case "/opi_api.network.evpn_gw.v1alpha1.BridgePortService/CreateBridgePort":
		return vsp.createBridgePort(request)
	case "/opi_api.network.evpn_gw.v1alpha1.BridgePortService/DeleteBridgePort":
		delete(vsp.ports, lastPart(text(request, 1)))
		return nil, nil
	}
	return nil, status.Errorf(codes.Unimplemented, "%s is not implemented", method)
}

func (vsp *server) init() ([]byte, error) {
	if vsp.initialised {
		return nil, status.Error(codes.Internal, "the VSP is already initialized")
	}
	address := daemonAddress()
	vsp.initialised = true
	answer := appendText(nil, 1, address)
	return protowire.AppendVarint(protowire.AppendTag(answer, 2, protowire.VarintType), 50151), nil
}

// daemonAddress is the DPU's node: on the host side the setting `peer` says which that is.
func daemonAddress() string {
	address := os.Getenv("NODE_IP")
	if os.Getenv("DPU_SIDE") == "host" {
		var settings struct{ Peer string }
		if err := json.Unmarshal([]byte(os.Getenv("DPU_SETTINGS")), &settings); err == nil && settings.Peer != "" {
			address = settings.Peer
		}
	}
	if address == "" {
		return "127.0.0.1"
	}
	return address
}

func (vsp *server) getDevices() []byte {
	var answer []byte
	for _, name := range vsp.devices {
		device := appendText(appendText(nil, 1, name), 2, "Healthy")
		entry := appendBytes(appendText(nil, 1, name), 2, device)
		answer = appendBytes(answer, 1, entry)
	}
	return answer
}

// It counts devices that pods use, and never takes one away.
func (vsp *server) setNumVfs(count int) ([]byte, error) {
	for len(vsp.devices) < count {
		name := fmt.Sprintf("govsp%d", len(vsp.devices))
		if err := addVeth(name, name+"r"); err != nil && err != syscall.EEXIST {
			return nil, status.Errorf(codes.Internal, "%s: %v", name, err)
		}
		vsp.devices = append(vsp.devices, name)
	}
	return protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), uint64(len(vsp.devices))), nil
}

func (vsp *server) createBridgePort(request []byte) ([]byte, error) {
	port := field(request, 2)
	name := lastPart(text(port, 1))
	if name == "" {
		name = text(request, 1)
	}
	vsp.ports[name] = port
	log.Printf("bridge port %s", name)
	return appendBytes(appendText(nil, 1, "bridge_port/"+name), 2, field(port, 2)), nil
}

func lastPart(name string) string {
	return name[strings.LastIndex(name, "/")+1:]
}
