// A plugin that a runtime starts: it puts what it knows into the environment of each container.
import { ContainerChanges, runPlugin } from 'nestjs-ttrpc/nri';

let config = '';
let synchronized = '';

const { USER_ID: user } = process.env;
if (user !== undefined) {
  process.setgroups?.([]);
  process.setgid?.(Number(user));
  process.setuid?.(Number(user));
}

try {
  // An event may come before this has resolved.
  const running = runPlugin(
    {
      configure: (configuration) => void (config = configuration.config),
      shutdown: () => void process.stdout.write('shutdown\n'),
      synchronize: ({ pods, containers }) => void (synchronized = `${pods.length} ${containers.length}`),
      createContainer: async () => ({
        adjust: new ContainerChanges()
          .addEnv('PLUGIN', (await running).name)
          .addEnv('CONFIG', config)
          .addEnv('SYNCHRONIZED', synchronized)
          .addEnv('PID', String(process.pid)),
      }),
    },
    process.argv[2] === undefined ? {} : { socket: process.argv[2] },
  );
  await running;
} catch (error) {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
}
