/** The relay under attack: a process of its own, with the database that `stored-state.ts` made. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT, type Running, startProgram } from "../../fixtures/program.ts";
import { freePort } from "../../../scripts/bench/relays/free-port.ts";
import { measure, type Schedule, scheduleOf, type Time } from "./bystander.ts";
import { relayProgram, SERVED_BY } from "../../fixtures/relay-program.ts";

export class AttackedRelay {
  readonly port: number;
  private readonly running: Running;
  private readonly workerd: number;
  private readonly state: string;

  /** `stored`: the state folder whose copy it works on. */
  static async startWith(stored: string): Promise<AttackedRelay> {
    const state = mkdtempSync(join(tmpdir(), "tributary-attacks-"));
    cpSync(stored, state, { recursive: true });
    return AttackedRelay.start(state);
  }

  static async start(state: string): Promise<AttackedRelay> {
    const port = await freePort();
    const [program, args] = relayProgram();
    const running = startProgram(program, [...args, "--port", String(port), "--state", state], { cwd: ROOT });
    await running.shows(`ready ws://localhost:${port}`);
    return new AttackedRelay(port, running, servingProcess(running.process.pid ?? 0), state);
  }

  private constructor(port: number, running: Running, workerd: number, state: string) {
    [this.port, this.running, this.workerd, this.state] = [port, running, workerd, state];
  }

  /** How long normal clients at these addresses wait for their answers. `network`: three bytes. */
  measure(network: string, milliseconds: number): Promise<Time[]> {
    return measure(`ws://localhost:${this.port}`, network, milliseconds, this.workerd);
  }

  schedule(): Schedule {
    return scheduleOf(this.workerd);
  }

  /** The memory that workerd has in use. */
  bytes(): number {
    return 1024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(read(this.workerd, "status"))?.[1] ?? 0);
  }

  async stop(): Promise<void> {
    this.running.process.kill("SIGINT");
    const impatience = setTimeout(() => this.running.process.kill("SIGKILL"), 10_000);
    await this.running.ended;
    clearTimeout(impatience);
  }

  async restart(): Promise<AttackedRelay> {
    await this.stop();
    return AttackedRelay.start(this.state);
  }

  /** Stops it and deletes its state. */
  async end(): Promise<void> {
    await this.stop();
    rmSync(this.state, { recursive: true, force: true, maxRetries: 10 });
  }
}

function descendantsOf(parent: number): number[] {
  const children = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => Number(/^PPid:\s+(\d+)$/m.exec(read(pid, "status"))?.[1]) === parent);
  return children.flatMap((child) => [child, ...descendantsOf(child)]);
}

/** Empty when the process has ended. */
function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}
/** Returns the process that holds the sockets: workerd, or the server itself. */
function servingProcess(pid: number): number {
  if (SERVED_BY !== undefined) return pid;
  const [workerd, ...others] = descendantsOf(pid).filter((one) => read(one, "comm") === "workerd\n");
  if (workerd === undefined || others.length > 0) throw new Error("npm start runs one workerd");
  return workerd;
}
