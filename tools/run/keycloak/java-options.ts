/** The serial collector, and classes that are not verified. */
const QUICK = [
  ...['-XX:-UseG1GC', '-XX:-UseParallelGC', '-XX:+UseSerialGC'],
  ...['-XX:+UnlockDiagnosticVMOptions', '-XX:-BytecodeVerificationRemote'],
];

/**
 * Options of Java, by what shall be quick. A benchmark wants neither, and sets `env: { JAVA_OPTS_APPEND: '' }`.
 *
 * - `start`: the first compiler alone: on two cores two fifths off the start
 * - `work`: the second compiler too, which alone makes RSA quick (each new realm has two RSA keys: 0.2 s each in place of 1.0), but
 *   only for what is called very often: compiling the rest costs more than tests get back
 */
export const JAVA_OPTIONS = {
  start: [...QUICK, '-XX:TieredStopAtLevel=1'].join(' '),
  work: [
    ...QUICK,
    ...['-XX:Tier4InvocationThreshold=50000', '-XX:Tier4MinInvocationThreshold=6000'],
    ...['-XX:Tier4CompileThreshold=150000', '-XX:Tier4BackEdgeThreshold=400000'],
    ...['-XX:CompileCommand=quiet', '-XX:CompileCommand=CompileThresholdScaling,java.math.*::*,0.1'],
  ].join(' '),
};
