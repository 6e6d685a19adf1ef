// As register.mjs, but `nestjs-ttrpc` means src: no build is needed.
import { registerHooks } from './register-hooks.mjs';

registerHooks({ fromSources: true });
