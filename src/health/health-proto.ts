import type { ProtoText } from '../schema/sources/proto-text.js';

/** The health checking protocol of gRPC, from its published names and field numbers. */
export const HEALTH_PROTO: ProtoText = {
  name: 'grpc/health/v1/health.proto',
  text: `
    syntax = "proto3";
    package grpc.health.v1;

    message HealthCheckRequest { string service = 1; }

    message HealthCheckResponse {
      enum ServingStatus {
        UNKNOWN = 0;
        SERVING = 1;
        NOT_SERVING = 2;
        SERVICE_UNKNOWN = 3;
      }
      ServingStatus status = 1;
    }

    message HealthListRequest {}

    message HealthListResponse { map<string, HealthCheckResponse> statuses = 1; }

    service Health {
      rpc Check(HealthCheckRequest) returns (HealthCheckResponse);
      rpc List(HealthListRequest) returns (HealthListResponse);
      rpc Watch(HealthCheckRequest) returns (stream HealthCheckResponse);
    }`,
};

/** The health service of kata's agent, from its published names and field numbers: older than that of gRPC. */
export const KATA_HEALTH_PROTO: ProtoText = {
  name: 'health.proto',
  text: `
    syntax = "proto3";
    package grpc;

    message CheckRequest { string service = 1; }

    message HealthCheckResponse {
      enum ServingStatus {
        UNKNOWN = 0;
        SERVING = 1;
        NOT_SERVING = 2;
      }
      ServingStatus status = 1;
    }

    message VersionCheckResponse {
      string grpc_version = 1;
      string agent_version = 2;
    }

    service Health {
      rpc Check(CheckRequest) returns (HealthCheckResponse);
      rpc Version(CheckRequest) returns (VersionCheckResponse);
    }`,
};
