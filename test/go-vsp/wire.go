package main

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// raw hands messages on as the bytes that they are.
type raw struct{}

func (raw) Name() string { return "proto" }

func (raw) Marshal(message any) ([]byte, error) {
	bytes, ok := message.(*[]byte)
	if !ok {
		return nil, fmt.Errorf("no bytes but %T", message)
	}
	return *bytes, nil
}

func (raw) Unmarshal(data []byte, message any) error {
	bytes, ok := message.(*[]byte)
	if !ok {
		return fmt.Errorf("no bytes but %T", message)
	}
	*bytes = append([]byte(nil), data...)
	return nil
}

func appendBytes(to []byte, number protowire.Number, value []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(to, number, protowire.BytesType), value)
}

func appendText(to []byte, number protowire.Number, value string) []byte {
	return appendBytes(to, number, []byte(value))
}

func text(message []byte, wanted protowire.Number) string { return string(field(message, wanted)) }

// field is the last of that number, as protobuf has it.
func field(message []byte, wanted protowire.Number) (found []byte) {
	each(message, func(number protowire.Number, kind protowire.Type, value []byte) {
		if number == wanted && kind == protowire.BytesType {
			found, _ = protowire.ConsumeBytes(value)
		}
	})
	return found
}

func number(message []byte, wanted protowire.Number) (found uint64) {
	each(message, func(number protowire.Number, kind protowire.Type, value []byte) {
		if number == wanted && kind == protowire.VarintType {
			found, _ = protowire.ConsumeVarint(value)
		}
	})
	return found
}

func each(message []byte, visit func(protowire.Number, protowire.Type, []byte)) {
	for len(message) > 0 {
		number, kind, length := protowire.ConsumeTag(message)
		if length < 0 {
			return
		}
		message = message[length:]
		visit(number, kind, message)
		length = protowire.ConsumeFieldValue(number, kind, message)
		if length < 0 {
			return
		}
		message = message[length:]
	}
}
