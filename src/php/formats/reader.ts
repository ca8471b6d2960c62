import { Cursor } from './cursor.ts'
import { PhpFormatError } from './error.ts'
import { Frame } from './frame.ts'
import { textOfBytes, toPhpKey } from './keys.ts'
import { maxCustomDepth, maxDepth } from './limits.ts'
import { PhpCustom, PhpEnum, type PhpKey, PhpObject, PhpReference, type PhpValue } from './values.ts'

const [colon, semicolon, open, close] = [58, 59, 123, 125]

/** Where a numbered value lies, so that `R:` and `r:` find it. */
interface Slot {
  readonly frame: Frame
  readonly key: PhpKey
}

/** A `C:`, with its payload as it stood, and the frame of that when it was read as a value. */
export interface ReadCustom {
  readonly custom: PhpCustom
  readonly payload: Uint8Array
  readonly root: Frame | undefined
}

/**
 * Reads PHP's serialize format as PHP 8.2 does, value by value, over one numbering of slots. It calls itself nowhere
 * but for the payload of a `C:`, so that depth costs no stack.
 */
export class Reader extends Cursor {
  /** What was read of `C:`, in this order. */
  readonly customs: ReadCustom[] = []
  /** Not there as long as nothing can refer to a slot. */
  readonly #slots: Slot[] | undefined
  #depth = 0
  #customDepth: number

  /** Payloads of a `C:` are read as values where they look like ones, or left alone. */
  constructor(bytes: Uint8Array, { payloads }: { readonly payloads: 'values' | 'bytes' }) {
    super(bytes)
    this.#customDepth = payloads === 'values' ? 0 : maxCustomDepth
    this.#slots = this.text.includes('R:') || this.text.includes('r:') ? [] : undefined
  }

  /** Reads one value into a frame of one entry, where later ones find it. */
  readInto(root: Frame): void {
    let frame = root
    for (;;) {
      const value = this.#value(frame)
      if (value instanceof Frame) {
        frame = value
        this.#key(frame)
        continue
      }
      this.#store(frame, value)
      while (frame !== root && --frame.remaining === 0) {
        this.expect(close, '}')
        const whole = frame.finish()
        frame = frame.parent as Frame
        this.#depth--
        this.#store(frame, whole)
      }
      if (frame === root) return
      this.#key(frame)
    }
  }

  #store(frame: Frame, value: PhpValue): void {
    frame.child = undefined
    const { reference } = frame
    if (reference) {
      reference.value = value
      frame.reference = undefined
      frame.store(reference)
    } else frame.store(value)
  }

  /** A value, or the frame of one whose entries follow. */
  #value(frame: Frame): PhpValue | Frame {
    const { text, at: start } = this
    if (start >= this.end) this.fail('The data end where a value should be')
    const code = text.charCodeAt(start)
    // R takes no slot.
    if (this.#slots && code !== 82) this.#slots.push({ frame, key: frame.key })
    if (code === 78) {
      this.at += 1
      this.expect(semicolon, ';')
      return null
    }
    if (text.charCodeAt(start + 1) !== colon) this.fail(`No value starts with ${shown(text, start)}`)
    this.at = start + 2
    switch (code) {
      case 115: // s
        return this.string()
      case 105: // i
        return this.integer()
      case 97: // a
        return this.#array(frame)
      case 98: // b
        return this.boolean()
      case 100: // d
        return this.float()
      case 79: // O
        return this.#object(frame)
      case 69: // E
        return this.enum()
      case 82: // R
        return this.#reference(frame)
      case 114: // r
        return this.#sameObject(frame)
      case 67: // C
        return this.#custom(frame)
      case 83: // S
        return this.stringOf(this.escaped())
      default:
        return this.fail(`No value starts with ${shown(text, start)}`, start)
    }
  }

  #key(frame: Frame): void {
    const { text, at: start } = this
    const code = text.charCodeAt(start)
    if ((code !== 115 && code !== 105 && code !== 83) || text.charCodeAt(start + 1) !== colon || start >= this.end) {
      this.fail('A key should be here, an integer or a string')
    }
    this.at = start + 2
    let key: PhpKey
    if (code === 105) key = this.integer()
    else if (code === 83) key = textOfBytes(this.escaped())
    else {
      const length = this.quoted()
      key = this.name(this.at - length - 2, this.at - 2)
    }
    const { object } = frame
    if (object === undefined) frame.key = typeof key === 'string' ? toPhpKey(key) : key
    // A class with __unserialize() may have written integers; PHP's own stdClass has only names.
    else frame.key = typeof key === 'string' || object.className !== 'stdClass' ? key : String(key)
  }

  #array(parent: Frame): PhpValue | Frame {
    const count = this.count()
    this.expect(colon, ':')
    this.expect(open, '{')
    if (count > 0) return this.#opened(parent, count, undefined)
    this.expect(close, '}')
    return []
  }

  #object(parent: Frame): PhpValue | Frame {
    const name = this.className()
    const object = new PhpObject(name.toLowerCase() === 'stdclass' ? 'stdClass' : name)
    const count = this.looseCount()
    this.expect(colon, ':')
    this.expect(open, '{')
    const frame = this.#opened(parent, count, object)
    if (count > 0) return frame
    this.expect(close, '}')
    this.#depth--
    return object
  }

  #opened(parent: Frame, count: number, object: PhpObject | undefined): Frame {
    // Each entry takes two bytes at least, so no more is promised than can follow.
    if (count > (this.end - this.at) / 2) this.fail(`${count} entries don't fit into the data`)
    if (this.#depth >= maxDepth) this.fail(`Arrays and objects are nested more than ${maxDepth} deep`)
    this.#depth++
    const frame = new Frame(parent, count, object)
    parent.child = frame
    return frame
  }

  #slot(): Slot {
    const start = this.at
    const slot = this.#slots?.[this.count() - 1]
    if (!slot) this.fail('A reference to nothing', start)
    this.expect(semicolon, ';')
    return slot
  }

  #reference(frame: Frame): PhpReference {
    const start = this.at
    const slot = this.#slot()
    if (slot.frame === frame && slot.key === frame.key) this.fail('A reference to itself', start)
    return slot.frame.share(slot.key)
  }

  #sameObject(frame: Frame): PhpValue {
    const start = this.at
    const slot = this.#slot()
    if (slot.frame === frame && slot.key === frame.key) this.fail('A reference to itself', start)
    const isOpen = slot.frame.child !== undefined && slot.key === slot.frame.key
    const found = isOpen ? objectOf(slot.frame.child) : slot.frame.at(slot.key)
    const value = found instanceof PhpReference ? found.value : found
    const isObject = value instanceof PhpObject || value instanceof PhpEnum || value instanceof PhpCustom
    return isObject ? value : this.fail('The same object as something that is no object', start)
  }

  #custom(frame: Frame): PhpCustom {
    const className = this.className()
    const length = this.looseCount()
    this.expect(colon, ':')
    this.expect(open, '{')
    const start = this.at
    const end = start + length
    if (end >= this.end) this.fail(`A payload of ${length} bytes doesn't fit into the data`)
    if (this.text.charCodeAt(end) !== close) this.fail(`A payload of ${length} bytes should end with }`, end)
    const payload = new Uint8Array(this.bytes.subarray(start, end))
    const custom = new PhpCustom(className, { bytes: payload })
    frame.child = custom
    const root = this.#payload(end)
    if (root) Object.assign(custom, { payload: { serialized: root.at(0) } })
    else frame.reference = undefined
    this.at = end + 1
    this.customs.push({ custom, payload, root })
    return custom
  }

  /** Payloads that are text of the same format have slots of the same numbering. */
  #payload(end: number): Frame | undefined {
    const outer = { end: this.end, depth: this.#depth, slots: this.#slots?.length, customs: this.customs.length }
    if (this.#customDepth >= maxCustomDepth) return undefined
    this.#customDepth++
    this.end = end
    try {
      const root = new Frame(undefined, 1)
      this.readInto(root)
      if (this.at === end) return root
    } catch (error) {
      if (!(error instanceof PhpFormatError)) throw error
    } finally {
      this.#customDepth--
      this.end = outer.end
      this.#depth = outer.depth
    }
    this.customs.length = outer.customs
    if (this.#slots) this.#slots.length = outer.slots ?? 0
    return undefined
  }
}

/** An object is there for what is in it before it is read to its end; an array isn't. */
function objectOf(child: Frame['child']): PhpValue | undefined {
  return child instanceof PhpCustom ? child : child?.object
}

function shown(text: string, at: number): string {
  return JSON.stringify(text.slice(at, at + 2))
}
