package main

import (
	"fmt"
	"math"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
)

// A message that holds itself ends here.
const deepest = 12

// A message with every field set, at any depth: numbers at their ends, two elements in each list and map, the last member
// of each oneof.
func sample(descriptor protoreflect.MessageDescriptor) proto.Message {
	message := dynamicpb.NewMessage(descriptor)
	fill(message, 0)
	return message
}

func fill(message protoreflect.Message, depth int) {
	all := message.Descriptor().Fields()
	for i := range all.Len() {
		field := all.Get(i)
		switch {
		case depth == deepest && field.Kind() == protoreflect.MessageKind:
		case field.IsMap():
			entries := message.Mutable(field).Map()
			for n := range 2 {
				key := value(field.MapKey(), n, nil, depth).MapKey()
				entries.Set(key, value(field.MapValue(), n, entries.NewValue, depth))
			}
		case field.IsList():
			list := message.Mutable(field).List()
			for n := range 2 {
				list.Append(value(field, n, list.NewElement, depth))
			}
		default:
			empty := func() protoreflect.Value { return message.NewField(field) }
			message.Set(field, value(field, 0, empty, depth))
		}
	}
}

// The nth value of a field; empty gives an empty message for it.
func value(field protoreflect.FieldDescriptor, n int, empty func() protoreflect.Value, depth int) protoreflect.Value {
	switch field.Kind() {
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(true)
	case protoreflect.EnumKind:
		values := field.Enum().Values()
		return protoreflect.ValueOfEnum(values.Get(values.Len() - 1).Number())
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		return protoreflect.ValueOfInt32(math.MinInt32 + int32(n))
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return protoreflect.ValueOfUint32(math.MaxUint32 - uint32(n))
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		return protoreflect.ValueOfInt64(math.MinInt64 + int64(n))
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return protoreflect.ValueOfUint64(math.MaxUint64 - uint64(n))
	case protoreflect.FloatKind:
		return protoreflect.ValueOfFloat32(1.5 + float32(n))
	case protoreflect.DoubleKind:
		return protoreflect.ValueOfFloat64(0.1 + float64(n))
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(fmt.Sprintf("%s ü %d", field.Name(), n))
	case protoreflect.BytesKind:
		return protoreflect.ValueOfBytes(append([]byte{0, 0xff, byte(n)}, field.Name()...))
	case protoreflect.MessageKind:
		message := empty()
		fill(message.Message(), depth+1)
		return message
	}
	panic(fmt.Sprintf("%s: no sample of kind %s", field.FullName(), field.Kind()))
}
