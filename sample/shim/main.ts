#!/usr/bin/env node
// containerd-shim-nest-v1: a runtime of containerd that runs the processes of containers as plain processes. See
// docs/containerd.md.
import { defineShim, plainProcesses } from 'nestjs-ttrpc/containerd';

// Without a top-level await, so that the program may be bundled into one file of CommonJS.
void defineShim({ name: 'io.containerd.nest.v1', version: '1.0.0', runner: () => plainProcesses() }).main();
