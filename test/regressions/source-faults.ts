type Source = ReadonlyMap<string, string>

/** What `Math.random` is good for: waiting neither all at once nor in step. */
const jitter = /random: \(\) => number = Math\.random|checkEveryMs: \w+ \* \(0\.5 \+ Math\.random\(\) \/ 2\)/

/** Lines that make a name or a secret of something that can be guessed. */
export function weakSources(source: Source): string[] {
  const weak = /Math\.random|randomUUID|createHash\((['"])(md5|sha1)\1|process\.(pid|hrtime)/
  const timed =
    /\b(id|sid|secret|token|ticket|salt|nonce|name|key)\b[^=\n]*=[^=>].*(Date\.now\(|new Date\(|performance\.now\()/i
  return lines(source, (line) => !jitter.test(line) && (weak.test(line) || timed.test(line)))
}

/** In a session that is open, whose secret was compared in constant time before: which of its hashes it was. */
const afterwards = /\blive\.(hash|body\.current)\b|isPrevious: hash !== stored\.body\.current/

/** Lines that compare what must be compared in constant time by other means. Comparing with a constant, a type or a length tells nobody anything. */
export function comparesOfSecrets(source: Source): string[] {
  const name = String.raw`[\w.!]*\b(hash|hashSecret|secret|signature|mac|tag|digest|token|ticket)\b(\([^()]*\))?`
  const compared = new RegExp(String.raw`${name}\s*[!=]==?\s*(?!undefined|null|typeof|['"\d])[\w.]+`, 'i')
  const comparing = new RegExp(String.raw`(?<!typeof )\b[\w.]+(\([^()]*\))?\s*[!=]==?\s*${name}`, 'i')
  const others =
    /\.(includes|equals|indexOf|localeCompare)\((hash|secret|signature|mac|digest|token)|\b(hash|secret|signature|mac|digest)\.(equals|localeCompare)\(/i
  return lines(source, (line) => {
    const code = line.replaceAll(/[\w.!]+\.(length|byteLength)\b/g, '0').replaceAll(/typeof [\w.]+/g, '0')
    if (afterwards.test(code)) return false
    return compared.test(code) || comparing.test(code) || others.test(code)
  })
}

function lines(source: Source, isFault: (line: string) => boolean): string[] {
  return [...source].flatMap(([path, text]) =>
    text
      .split('\n')
      .map((line, index) => ({ line: line.replace(/\/\/.*|^\s*\/?\*.*/, ''), at: `${path}:${index + 1}` }))
      .filter(({ line }) => isFault(line))
      .map(({ line, at }) => `${at}: ${line.trim()}`),
  )
}
