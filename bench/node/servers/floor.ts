import { createServer } from 'node:net';
import { onConnection } from '../floor-connection.js';
import { serve } from '../serve.js';

serve((path) => new Promise((resolve) => createServer(onConnection).listen(path, resolve)));
