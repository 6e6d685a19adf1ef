// The attacker, in a process of its own: `attacker.ts <attack> <path of the socket>`.
import { attackNamed } from './attacks.js';
import { Target } from './wire.js';

const [, , name = '', path = ''] = process.argv;
const said = await attackNamed(name).run(new Target(path));
process.send?.(said);
// What it holds it holds until its parent has measured.
process.on('disconnect', () => process.exit());
