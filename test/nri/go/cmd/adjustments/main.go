// Calls every method by which NRI's own package changes an adjustment or an update, and prints what each has made of its
// arguments: a line of JSON for each call.
package main

import (
	"encoding/json"
	"os"
	"reflect"
	"regexp"
	"strconv"

	"github.com/containerd/nri/pkg/api"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// What changes the message that it is called on; the rest reads it, or is protobuf's.
var changing = regexp.MustCompile(`^(Add|Remove|Set|Update)[A-Z]`)

type call struct {
	Type    string            `json:"type"`
	Method  string            `json:"method"`
	Args    []json.RawMessage `json:"args"`
	Message []byte            `json:"message"`
}

func main() {
	out := json.NewEncoder(os.Stdout)
	for _, zero := range []bool{false, true} {
		for _, message := range []proto.Message{&api.ContainerAdjustment{}, &api.ContainerUpdate{}} {
			goType := reflect.TypeOf(message)
			for i := range goType.NumMethod() {
				method := goType.Method(i)
				if !changing.MatchString(method.Name) {
					continue
				}
				target := message.ProtoReflect().New().Interface()
				result := called(target, method, zero)
				if err := out.Encode(result); err != nil {
					panic(err)
				}
			}
		}
	}
}

func called(target proto.Message, method reflect.Method, zero bool) call {
	result := call{Type: string(target.ProtoReflect().Descriptor().Name()), Method: method.Name, Args: []json.RawMessage{}}
	values := []reflect.Value{}
	for i := 1; i < method.Type.NumIn(); i++ {
		value := argument(method.Type.In(i), i, zero)
		values = append(values, value)
		text := asJSON(value)
		if method.Type.IsVariadic() && i == method.Type.NumIn()-1 {
			// One argument each.
			var all []json.RawMessage
			must(json.Unmarshal(text, &all))
			result.Args = append(result.Args, all...)
		} else {
			result.Args = append(result.Args, text)
		}
	}
	bound := reflect.ValueOf(target).MethodByName(method.Name)
	if method.Type.IsVariadic() {
		bound.CallSlice(values)
	} else {
		bound.Call(values)
	}
	bytes, err := proto.Marshal(target)
	must(err)
	result.Message = bytes
	return result
}

// A value of a parameter's type: the type's zero, or something that is none.
func argument(of reflect.Type, n int, zero bool) reflect.Value {
	if message, isMessage := reflect.New(of).Elem().Interface().(proto.Message); isMessage {
		made := message.ProtoReflect().New()
		if !zero {
			fill(made, 0)
		}
		return reflect.ValueOf(made.Interface())
	}
	value := reflect.New(of).Elem()
	switch of.Kind() {
	case reflect.Pointer:
		value.Set(reflect.New(of.Elem()))
		value.Elem().Set(argument(of.Elem(), n, zero))
	case reflect.Slice:
		value.Set(reflect.MakeSlice(of, 0, 2))
		if !zero {
			value.Set(reflect.Append(value, argument(of.Elem(), 1, zero), argument(of.Elem(), 2, zero)))
		}
	case reflect.String:
		if !zero {
			value.SetString("text" + strconv.Itoa(n))
		}
	case reflect.Bool:
		value.SetBool(!zero)
	case reflect.Int, reflect.Int32, reflect.Int64:
		if !zero {
			value.SetInt(int64(n))
		}
	case reflect.Uint, reflect.Uint32, reflect.Uint64:
		if !zero {
			value.SetUint(uint64(n))
		}
	default:
		panic("no argument for " + of.String())
	}
	return value
}

// Sets each field, in messages within, too.
func fill(message protoreflect.Message, depth int) {
	fields := message.Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		switch {
		case field.IsMap():
			entries := message.Mutable(field).Map()
			entries.Set(protoreflect.ValueOfString("key").MapKey(), single(field.MapValue(), entries.NewValue(), depth))
		case field.IsList():
			list := message.Mutable(field).List()
			list.Append(single(field, list.NewElement(), depth))
		default:
			message.Set(field, single(field, message.NewField(field), depth))
		}
	}
}

func single(field protoreflect.FieldDescriptor, fresh protoreflect.Value, depth int) protoreflect.Value {
	switch field.Kind() {
	case protoreflect.MessageKind:
		fill(fresh.Message(), depth+1)
		return fresh
	case protoreflect.EnumKind:
		values := field.Enum().Values()
		return protoreflect.ValueOfEnum(values.Get(values.Len() - 1).Number())
	case protoreflect.StringKind:
		return protoreflect.ValueOfString("in " + string(field.Name()))
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(true)
	case protoreflect.Int32Kind:
		return protoreflect.ValueOfInt32(-int32(depth) - 1)
	case protoreflect.Int64Kind:
		return protoreflect.ValueOfInt64(-int64(depth) - 1)
	case protoreflect.Uint32Kind:
		return protoreflect.ValueOfUint32(uint32(field.Number()))
	case protoreflect.Uint64Kind:
		return protoreflect.ValueOfUint64(1<<63 + uint64(field.Number()))
	default:
		panic("no value for " + string(field.FullName()))
	}
}

// As TypeScript takes it: messages and enums as protobuf's JSON has them.
func asJSON(value reflect.Value) json.RawMessage {
	if message, isMessage := value.Interface().(proto.Message); isMessage {
		text, err := protojson.Marshal(message)
		must(err)
		return text
	}
	if enum, isEnum := value.Interface().(protoreflect.Enum); isEnum {
		name := enum.Descriptor().Values().ByNumber(enum.Number()).Name()
		text, err := json.Marshal(string(name))
		must(err)
		return text
	}
	if value.Kind() == reflect.Slice {
		all := []json.RawMessage{}
		for i := range value.Len() {
			all = append(all, asJSON(value.Index(i)))
		}
		text, err := json.Marshal(all)
		must(err)
		return text
	}
	text, err := json.Marshal(value.Interface())
	must(err)
	return text
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
