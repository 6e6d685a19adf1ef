/** A proto3 file with every kind of field. */
export const KITCHEN_SINK = `
syntax = "proto3";
package parity.v1;
import "google/protobuf/any.proto";
import "google/protobuf/duration.proto";
import "google/protobuf/empty.proto";
import "google/protobuf/field_mask.proto";
import "google/protobuf/struct.proto";
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";

enum Color { COLOR_UNSPECIFIED = 0; COLOR_RED = 1; COLOR_BLUE = 2; COLOR_NEGATIVE = -1; }
enum Alias { option allow_alias = true; ALIAS_ZERO = 0; ALIAS_ONE = 1; ALIAS_UNO = 1; }

message Scalars {
  int32 an_int32 = 1;
  sint32 a_sint32 = 2;
  uint32 an_uint32 = 3;
  fixed32 a_fixed32 = 4;
  sfixed32 a_sfixed32 = 5;
  int64 an_int64 = 6;
  sint64 a_sint64 = 7;
  uint64 an_uint64 = 8;
  fixed64 a_fixed64 = 9;
  sfixed64 a_sfixed64 = 10;
  float a_float = 11;
  double a_double = 12;
  bool a_bool = 13;
  string a_string = 14;
  bytes some_bytes = 15;
  Color a_color = 16;
  Alias an_alias = 17;
  int32 high_number = 500000;
}

message Optionals {
  optional int32 an_int32 = 1;
  optional int64 an_int64 = 2;
  optional string a_string = 3;
  optional bytes some_bytes = 4;
  optional Color a_color = 5;
  optional Scalars scalars = 6;
  optional bool a_bool = 7;
  optional double a_double = 8;
}

message Repeateds {
  repeated int32 int32s = 1;
  repeated sint64 sint64s = 2;
  repeated fixed32 fixed32s = 3;
  repeated double doubles = 4;
  repeated bool bools = 5;
  repeated string strings = 6;
  repeated bytes bytes_list = 7;
  repeated Color colors = 8;
  repeated Leaf leaves = 9;
  repeated int32 unpacked = 10 [packed = false];
  repeated uint64 uint64s = 11;
  repeated float floats = 12;
}

message Leaf { string name = 1; int64 weight = 2; }

message Maps {
  map<string, string> labels = 1;
  map<string, int64> counts = 2;
  map<string, Leaf> leaves = 3;
  map<int32, string> by_int32 = 4;
  map<string, Color> colors = 5;
  map<string, bytes> blobs = 6;
  map<sint32, double> by_sint32 = 7;
  map<uint32, bool> by_uint32 = 8;
}

message LongKeys { map<int64, string> by_int64 = 1; map<uint64, string> by_uint64 = 2; map<bool, string> by_bool = 3; }

message Choice {
  string before = 1;
  oneof kind {
    string text_kind = 2;
    int32 number_kind = 3;
    Leaf leaf_kind = 4;
    bytes bytes_kind = 5;
    Color color_kind = 6;
  }
  oneof other_choice { bool yes = 7; int64 maybe = 8; }
}

message Tree { string name = 1; Tree left = 2; Tree right = 3; repeated Tree children = 4; map<string, Tree> named = 5; }

message WellKnown {
  google.protobuf.Any any = 1;
  google.protobuf.Timestamp at = 2;
  google.protobuf.Duration took = 3;
  google.protobuf.Struct struct = 4;
  google.protobuf.Value value = 5;
  google.protobuf.Int64Value int64_value = 6;
  google.protobuf.StringValue string_value = 7;
  google.protobuf.BytesValue bytes_value = 8;
  google.protobuf.BoolValue bool_value = 9;
  google.protobuf.Empty empty = 10;
  google.protobuf.FieldMask mask = 11;
  repeated google.protobuf.Any anys = 12;
  google.protobuf.ListValue list = 13;
}

message Clashes {
  string constructor = 1;
  int32 to_string = 2;
  Leaf hasOwnProperty = 3;
  repeated string value_of = 4;
  map<string, string> is_prototype_of = 5;
  string then = 6;
  string length = 7;
  string name = 8;
}

message Nothing {}
`;

/** A proto2 file: required fields, defaults, groups, extensions, closed enums. */
export const PROTO2 = `
syntax = "proto2";
package parity.v2;

enum Mode { MODE_OFF = 3; MODE_ON = 5; }

message Old {
  required string id = 1;
  optional int32 count = 2 [default = 42];
  optional string text = 3 [default = "none"];
  optional bool flag = 4 [default = true];
  optional int64 big = 5 [default = -7];
  optional Mode mode = 6 [default = MODE_ON];
  optional Mode plain_mode = 7;
  optional bytes raw = 8 [default = "abc"];
  optional double ratio = 9 [default = 0.5];
  repeated int32 loose = 10;
  repeated int32 tight = 11 [packed = true];
  optional group Inner = 12 { optional string a = 1; optional Old deep = 2; }
  repeated group Many = 13 { optional int32 n = 1; }
  optional uint64 huge = 14;
  optional Old child = 15;
  extensions 100 to 200;
}
extend Old { optional string extra = 100; }
message Strict { required int32 number = 1; required Old old = 2; required Mode mode = 3; }
`;
