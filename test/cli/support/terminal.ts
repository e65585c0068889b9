import { type ChildProcess, spawn, spawnSync } from 'node:child_process';

/** Python's standard library has what Node's has not: a terminal that is none. */
const PTY = `
import fcntl, os, pty, select, struct, subprocess, sys, termios
keyboard, screen = pty.openpty()
fcntl.ioctl(screen, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 80, 0, 0))
child = subprocess.Popen(sys.argv[1:], stdin=screen, stderr=screen, start_new_session=True)
os.close(screen)
inputs = [keyboard, 0]
while keyboard in inputs:
    for ready in select.select(inputs, [], [])[0]:
        try:
            data = os.read(ready, 4096)
        except OSError:
            data = b''
        if not data:
            inputs.remove(ready)
        elif ready == keyboard:
            os.write(2, data)
        else:
            os.write(keyboard, data)
sys.exit(child.wait())
`;

export const hasTerminal = process.platform !== 'win32' && spawnSync('python3', ['--version']).status === 0;

/** Runs a program whose input and error output are a terminal: what it shows there comes from `stderr`. */
export function spawnInTerminal(
  command: string,
  args: readonly string[],
  options: { cwd: string; env: Record<string, string | undefined> },
): ChildProcess {
  return spawn('python3', ['-c', PTY, command, ...args], { ...options, stdio: 'pipe' });
}
