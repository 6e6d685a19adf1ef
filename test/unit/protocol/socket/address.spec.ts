import { resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { formatAddress, MAX_PATH_BYTES, parseAddress, systemPath } from '../../../../src/protocol/socket/address.js';
import { TtrpcError } from '../../../../src/protocol/core/errors.js';

describe('addresses', () => {
  it.each([
    ['unix:///run/x.sock', 'unix:///run/x.sock', 'unix'],
    ['unix:/run/x.sock', 'unix:///run/x.sock', 'unix'],
    ['unix:run/x.sock', `unix://${resolve('run/x.sock')}`, 'unix'],
    ['run/x.sock', `unix://${resolve('run/x.sock')}`, 'unix'],
    ['/run/x.sock', 'unix:///run/x.sock', 'unix'],
    ['/run/my folder/x', 'unix:///run/my folder/x', 'unix'],
    ['unix:./50051', `unix://${resolve('50051')}`, 'unix'],
    ['unix:50051', `unix://${resolve('50051')}`, 'unix'],
    ['./host:50051', `unix://${resolve('host:50051')}`, 'unix'],
    ['./~', `unix://${resolve('~')}`, 'unix'],
    ['unix-abstract:name', 'unix-abstract:name', 'abstract'],
    ['unix-abstract:50051', 'unix-abstract:50051', 'abstract'],
    ['unix:@name', 'unix-abstract:name', 'abstract'],
    ['unix://@name', 'unix-abstract:name', 'abstract'],
    ['@name', 'unix-abstract:name', 'abstract'],
    ['tcp://127.0.0.1:80', 'tcp://127.0.0.1:80', 'tcp'],
    ['tcp://:80', 'tcp://127.0.0.1:80', 'tcp'],
    ['tcp://[::1]:80', 'tcp://[::1]:80', 'tcp'],
    ['fd:3', 'fd:3', 'fd'],
  ])('%s', (url, canonical, kind) => {
    const address = parseAddress(url);
    expect(address.kind).toBe(kind);
    expect(formatAddress(address)).toBe(canonical);
    expect(parseAddress(canonical)).toEqual(address);
  });

  it.each([
    '',
    'unix://x',
    'unix://../x',
    'unix:',
    '@',
    'unix-abstract:',
    'ftp://x',
    'tcp://x',
    'tcp://x:70000',
    'tcp://u@x:1/y',
    'fd:',
    'fd:-1',
    'unix:a\0b',
  ])('%j is refused and named', (url) => {
    expect(() => parseAddress(url)).toThrow(TtrpcError);
    expect(() => parseAddress(url)).toThrow(`address ${JSON.stringify(url)}: `);
  });

  it.each([
    ['0.0.0.0:50051', 'a TCP address begins with tcp://; write tcp://0.0.0.0:50051, or unix:./0.0.0.0:50051 for'],
    ['localhost:50051', 'a TCP address begins with tcp://; write tcp://localhost:50051, or'],
    ['my-host.example:1', 'a TCP address begins with tcp://; write tcp://my-host.example:1, or'],
    ['[::1]:50051', 'a TCP address begins with tcp://; write tcp://[::1]:50051, or'],
    [
      ':50051',
      'a TCP address begins with tcp://; write tcp://127.0.0.1:50051 (this machine) or tcp://0.0.0.0:50051 (every network), or',
    ],
    [
      '50051',
      'a TCP address begins with tcp://; write tcp://127.0.0.1:50051 (this machine) or tcp://0.0.0.0:50051 (every network), or unix:./50051 for',
    ],
    ['127.0.0.1', 'a TCP address begins with tcp:// and has a port; write tcp://127.0.0.1:50051 with the port'],
    [' ', 'it is blank; expected unix:///path'],
    ['\n', 'it is blank'],
    [' unix:///run/x.sock', 'it begins or ends with white space'],
    ['/run/x.sock\n', 'it begins or ends with white space'],
    ['unix: /run/x.sock', 'it begins or ends with white space'],
    ['~', 'only shells expand ~; write the full path'],
    ['~/x.sock', 'only shells expand ~'],
    ['unix:~/x.sock', 'only shells expand ~'],
    ['unix://~/x.sock', 'only shells expand ~'],
  ])('%j is no socket file of that name', (url, why) => {
    expect(() => parseAddress(url)).toThrow(`address ${JSON.stringify(url)}: ${why}`);
  });

  it('a relative path is resolved against the given folder', () => {
    expect(parseAddress('unix:x.sock', '/run')).toEqual({ kind: 'unix', path: '/run/x.sock' });
    expect(parseAddress('/run/x.sock', '/tmp')).toEqual({ kind: 'unix', path: '/run/x.sock' });
  });

  it('an absolute path that is too long for the system is asked for by the relative one', () => {
    expect(systemPath('/run/x.sock')).toBe('/run/x.sock');
    const long = resolve('x'.repeat(MAX_PATH_BYTES - 3));
    expect(Buffer.byteLength(long)).toBeGreaterThan(MAX_PATH_BYTES);
    expect(systemPath(long)).toBe('x'.repeat(MAX_PATH_BYTES - 3));
  });
});
