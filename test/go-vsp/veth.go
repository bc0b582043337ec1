package main

import (
	"encoding/binary"
	"syscall"
)

// See rtnetlink(7) and veth(4).
const (
	iflaLinkInfo = 18
	iflaInfoKind = 1
	iflaInfoData = 2
	vethInfoPeer = 1
	ifInfoLength = 16
)

// addVeth makes a pair of veth devices, whose ends are in this network namespace and down.
func addVeth(name, peer string) error {
	socket, err := syscall.Socket(syscall.AF_NETLINK, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC, syscall.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer syscall.Close(socket)
	peerInfo := append(make([]byte, ifInfoLength), attribute(syscall.IFLA_IFNAME, []byte(peer+"\x00"))...)
	data := attribute(iflaInfoData, attribute(vethInfoPeer, peerInfo))
	info := append(attribute(iflaInfoKind, []byte("veth\x00")), data...)
	body := append(make([]byte, ifInfoLength), attribute(syscall.IFLA_IFNAME, []byte(name+"\x00"))...)
	body = append(body, attribute(iflaLinkInfo, info)...)
	message := make([]byte, syscall.NLMSG_HDRLEN, syscall.NLMSG_HDRLEN+len(body))
	binary.NativeEndian.PutUint32(message[0:], uint32(syscall.NLMSG_HDRLEN+len(body)))
	binary.NativeEndian.PutUint16(message[4:], syscall.RTM_NEWLINK)
	flags := syscall.NLM_F_REQUEST | syscall.NLM_F_ACK | syscall.NLM_F_CREATE | syscall.NLM_F_EXCL
	binary.NativeEndian.PutUint16(message[6:], uint16(flags))
	to := &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK}
	if err := syscall.Sendto(socket, append(message, body...), 0, to); err != nil {
		return err
	}
	answer := make([]byte, 4096)
	if _, _, err := syscall.Recvfrom(socket, answer, 0); err != nil {
		return err
	}
	if code := int32(binary.NativeEndian.Uint32(answer[syscall.NLMSG_HDRLEN:])); code != 0 {
		return syscall.Errno(-code)
	}
	return nil
}

func attribute(kind uint16, value []byte) []byte {
	result := make([]byte, 4, 4+len(value)+3)
	binary.NativeEndian.PutUint16(result[0:], uint16(4+len(value)))
	binary.NativeEndian.PutUint16(result[2:], kind)
	result = append(result, value...)
	for len(result)%4 != 0 {
		result = append(result, 0)
	}
	return result
}
