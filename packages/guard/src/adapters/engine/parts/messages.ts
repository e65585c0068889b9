export { answerBackchannelLogout } from '../../../core/internal.ts';
