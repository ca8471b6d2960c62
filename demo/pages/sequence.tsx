export { Sequence, SequenceHeads, type Step } from 'coatcheck/devtools'
