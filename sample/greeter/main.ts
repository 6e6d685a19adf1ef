import { both } from './both.js';
import { call } from './client/call.js';
import { serve } from './server/serve.js';

const USAGE = `usage: npm start                    both sides, each in a process of its own
       npm start -- serve <url>     the server alone, for example on unix:///tmp/greeter.sock
       npm start -- call <url>      the client alone`;

const [side, url, ...rest] = process.argv.slice(2);

try {
  if (side === undefined) {
    console.log(
      'A Nest client calls a Nest server over ttrpc: the four call shapes, an error with details, a deadline.',
    );
    await both();
    console.log('\nAll answers were the expected ones. Both sides have ended.');
  } else if (side === 'serve' && url && rest.length === 0) {
    await serve(url);
  } else if (side === 'call' && url && rest.length === 0) {
    await call(url);
    console.log('\nAll answers were the expected ones.');
  } else {
    console.error(USAGE);
    process.exitCode = 2;
  }
} catch (error) {
  console.error(String(error));
  process.exitCode = 1;
}
