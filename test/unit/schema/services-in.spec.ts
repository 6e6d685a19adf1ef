import protobuf from 'protobufjs';
import { expect, test } from '@jest/globals';
import { shapeOf } from '../../../src/protocol/core/method-shape.js';
import { servicesIn } from '../../../src/schema/services-in.js';

test('finds the services of each package, with the shapes of their rpcs', () => {
  const { root } = protobuf.parse(`
    syntax = "proto3";
    package a.b;
    message M {}
    service First {
      rpc One(M) returns (M);
      rpc Down(M) returns (stream M);
      rpc Up(stream M) returns (M);
      rpc Both(stream M) returns (stream M);
    }
    service Second {}
  `);
  protobuf.parse('syntax = "proto3"; package c; service Third {}', root);
  const services = [...servicesIn(root)];
  expect(services.map(({ fullName }) => fullName)).toEqual(['.a.b.First', '.a.b.Second', '.c.Third']);
  const shapes = services[0]?.methodsArray.map(shapeOf);
  expect(shapes).toEqual(['unary', 'server-streaming', 'client-streaming', 'bidi']);
});
