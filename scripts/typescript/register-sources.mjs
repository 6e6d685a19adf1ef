// As register.mjs, but `nestjs-ttrpc` means src: no build is needed.
import { register } from 'node:module';

register('./hooks.mjs', import.meta.url, { data: { fromSources: true } });
