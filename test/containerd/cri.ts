import { credentials, loadPackageDefinition, type ServiceError } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { fileURLToPath } from 'node:url';

type Call = (request: object, callback: (error: ServiceError | null, response: object) => void) => void;

const NODE_NETWORK = { securityContext: { namespaceOptions: { network: 2 } } };

/** Kubernetes' side of containerd: pods and containers, by CRI over gRPC. */
export class Cri {
  readonly #client: Record<string, Call> & { close(): void };

  constructor(
    socket: string,
    private readonly image: string,
    private readonly logFolder: string,
  ) {
    const definition = loadSync(fileURLToPath(new URL('cri.proto', import.meta.url)));
    const loaded = loadPackageDefinition(definition) as unknown as {
      runtime: { v1: { RuntimeService: new (address: string, credentials: unknown) => never } };
    };
    this.#client = new loaded.runtime.v1.RuntimeService(`unix:${socket}`, credentials.createInsecure());
  }

  /** Makes a pod on the machine's network, and gives its id. */
  async runPod(name: string): Promise<string> {
    const { podSandboxId } = await this.#call('RunPodSandbox', { config: this.#pod(name) });
    return podSandboxId ?? '';
  }

  /** Makes and starts a container of a pod, and gives its id. */
  async runContainer(podSandboxId: string, pod: string, name: string, command: string[]): Promise<string> {
    const image = { image: this.image };
    const config = { metadata: { name }, image, command, logPath: `${name}.log`, linux: NODE_NETWORK };
    const { containerId } = await this.#call('CreateContainer', {
      podSandboxId,
      config,
      sandboxConfig: this.#pod(pod),
    });
    await this.#call('StartContainer', { containerId });
    return containerId ?? '';
  }

  async removeContainer(containerId: string): Promise<void> {
    await this.#call('StopContainer', { containerId });
    await this.#call('RemoveContainer', { containerId });
  }

  async removePod(podSandboxId: string): Promise<void> {
    await this.#call('StopPodSandbox', { podSandboxId });
    await this.#call('RemovePodSandbox', { podSandboxId });
  }

  close(): void {
    this.#client.close();
  }

  #pod(name: string): object {
    const metadata = { name, uid: `uid-${name}`, namespace: 'default' };
    return { metadata, logDirectory: this.logFolder, labels: { app: name }, linux: NODE_NETWORK };
  }

  #call(rpc: string, request: object): Promise<{ podSandboxId?: string; containerId?: string }> {
    return new Promise((resolve, reject) => {
      this.#client[rpc]?.(request, (error, response) => (error ? reject(error) : resolve(response)));
    });
  }
}
