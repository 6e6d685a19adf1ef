import { describe, expect, it } from '@jest/globals';
import { ContainerChanges, ContainerResourceUpdate } from '../../src/nri/index.js';
import { nriSchema } from '../../src/nri/schema.js';

/** What arrives, without what was not sent. */
function sent(type: string, value: object): unknown {
  const codec = nriSchema().findType(`nri.pkg.api.v1alpha1.${type}`);
  const decoded = codec?.decode(codec.encode(value));
  return JSON.parse(
    JSON.stringify(decoded, (_key, each: unknown) => {
      if (typeof each === 'bigint') return Number(each);
      if (each === null || each === '' || (typeof each === 'object' && Object.keys(each).length === 0))
        return undefined;
      return each;
    }),
  );
}

describe('ContainerChanges', () => {
  it('says what Go would', () => {
    const changes = new ContainerChanges()
      .addAnnotation('a', '1')
      .removeAnnotation('b')
      .addMount({ destination: '/data', source: '/srv', type: 'bind', options: ['rbind', 'ro'] })
      .removeMount('/old')
      .addEnv('A', 'b')
      .removeEnv('B')
      .updateArgs(['sleep', '1'])
      .addHooks({ prestart: [{ path: '/bin/one' }] })
      .addHooks({ prestart: [{ path: '/bin/two', timeout: { value: 5 } }], poststop: [{ path: '/bin/three' }] })
      .addRlimit('RLIMIT_NOFILE', 2048, 1024n)
      .addDevice({ path: '/dev/x', type: 'c', major: 1, minor: 3 })
      .removeDevice('/dev/y')
      .addCDIDevice({ name: 'vendor.com/gpu=0' })
      .addOrReplaceNamespace({ type: 'network', path: '/run/netns/a' })
      .removeNamespace('ipc')
      .addLinuxNetDevice('eth1', { name: 'net0' })
      .removeLinuxNetDevice('eth2')
      .setLinuxMemoryPolicy('MPOL_BIND', '0-1', 'MPOL_F_STATIC_NODES')
      .setLinuxMemoryLimit(1n << 40n)
      .setLinuxMemorySwappiness(60)
      .setLinuxCPUShares(512)
      .setLinuxCPUSetCPUs('0-3')
      .setLinuxPidLimits(100)
      .addLinuxHugepageLimit('2MB', 4096)
      .addLinuxUnified('memory.high', '1')
      .setLinuxBlockIOClass('slow')
      .setLinuxCgroupsPath('/x')
      .setLinuxOomScoreAdj(-5)
      .setLinuxIOPriority({ class: 'IOPRIO_CLASS_BE', priority: 4 })
      .setLinuxSysctl('net.core.somaxconn', '1')
      .setLinuxScheduler({ policy: 'SCHED_BATCH', nice: 5, flags: ['SCHED_FLAG_KEEP_POLICY'] })
      .setLinuxRDTClosID('c')
      .setLinuxRDTSchemata(['L3:0=f'])
      .setLinuxRDTEnableMonitoring(true);
    expect(sent('ContainerAdjustment', changes)).toEqual({
      annotations: { a: '1' },
      mounts: [
        { destination: '/data', source: '/srv', type: 'bind', options: ['rbind', 'ro'] },
        { destination: '-/old' },
      ],
      env: [{ key: 'A', value: 'b' }, { key: '-B' }],
      args: [null, 'sleep', '1'],
      hooks: {
        prestart: [{ path: '/bin/one' }, { path: '/bin/two', timeout: { value: 5 } }],
        poststop: [{ path: '/bin/three' }],
      },
      rlimits: [{ type: 'RLIMIT_NOFILE', hard: 2048, soft: 1024 }],
      CDIDevices: [{ name: 'vendor.com/gpu=0' }],
      linux: {
        devices: [
          { path: '/dev/x', type: 'c', major: 1, minor: 3 },
          { path: '-/dev/y', major: 0, minor: 0 },
        ],
        namespaces: [{ type: 'network', path: '/run/netns/a' }, { type: '-ipc' }],
        netDevices: { eth1: { name: 'net0' }, '-eth2': {} },
        memoryPolicy: { mode: 'MPOL_BIND', nodes: '0-1', flags: ['MPOL_F_STATIC_NODES'] },
        resources: {
          memory: { limit: { value: 2 ** 40 }, swappiness: { value: 60 } },
          cpu: { shares: { value: 512 }, cpus: '0-3' },
          pids: { limit: 100 },
          hugepageLimits: [{ pageSize: '2MB', limit: 4096 }],
          unified: { 'memory.high': '1' },
          blockioClass: { value: 'slow' },
        },
        cgroupsPath: '/x',
        oomScoreAdj: { value: -5 },
        ioPriority: { class: 'IOPRIO_CLASS_BE', priority: 4 },
        sysctl: { 'net.core.somaxconn': '1' },
        scheduler: {
          policy: 'SCHED_BATCH',
          nice: 5,
          priority: 0,
          flags: ['SCHED_FLAG_KEEP_POLICY'],
          runtime: 0,
          deadline: 0,
          period: 0,
        },
        rdt: {
          closId: { value: 'c' },
          schemata: { value: ['L3:0=f'] },
          enableMonitoring: { value: true },
          remove: false,
        },
      },
    });
    expect(changes.annotations).toEqual({ a: '1', '-b': '' });
    expect(changes.linux?.netDevices).toEqual({ eth1: { name: 'net0' }, '-eth2': {} });
    expect(changes.args).toEqual(['', 'sleep', '1']);
  });

  it('is empty at first', () => {
    expect(sent('ContainerAdjustment', new ContainerChanges())).toEqual({});
  });
});

describe('ContainerResourceUpdate', () => {
  it('changes the resources of one container', () => {
    const update = new ContainerResourceUpdate('c1').setLinuxCPUQuota(-1).setLinuxRDTClass('gold').setIgnoreFailure();
    expect(sent('ContainerUpdate', update)).toEqual({
      containerId: 'c1',
      ignoreFailure: true,
      linux: { resources: { cpu: { quota: { value: -1 } }, rdtClass: { value: 'gold' } } },
    });
  });
});
