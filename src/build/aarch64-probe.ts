/**
 * The smallest program that proves a machine runs aarch64 code: a static ELF executable of 196 bytes, written here
 * instruction by instruction, because a probe must not depend on anything being installed for the foreign system.
 * It prints what `uname` says the machine is to standard error, makes the directory its first argument names (the
 * output of a probe build), and ends with 0 or the error number.
 *
 * Source: ELF-64 object file format; Arm A64 instruction set; Linux system call numbers of arm64.
 */

const loadAddress = 0x400000n;
const headerBytes = 64 + 56;

const instructions: readonly number[] = [
  0xd10803ff, // sub  sp, sp, #512       room for struct utsname
  0x910003e0, // mov  x0, sp
  0xd2801408, // mov  x8, #160           uname
  0xd4000001, // svc  #0
  0x52800143, // mov  w3, #10            a newline after the 7 letters of `aarch64`
  0x39042fe3, // strb w3, [sp, #267]
  0xd2800040, // mov  x0, #2
  0x910413e1, // add  x1, sp, #260       utsname.machine
  0xd2800102, // mov  x2, #8
  0xd2800808, // mov  x8, #64            write
  0xd4000001, // svc  #0
  0x92800c60, // mov  x0, #-100          AT_FDCWD
  0xf9410be1, // ldr  x1, [sp, #528]     argv[1]
  0x52803da2, // mov  w2, #0755
  0xd2800448, // mov  x8, #34            mkdirat
  0xd4000001, // svc  #0
  0xcb0003e0, // neg  x0, x0             the error number, or 0
  0xd2800ba8, // mov  x8, #93            exit
  0xd4000001, // svc  #0
];

/** The executable's bytes. */
export function aarch64Probe(): Uint8Array {
  const size = headerBytes + instructions.length * 4;
  const file = Buffer.alloc(size);
  // e_ident: 64-bit, little endian, version 1.
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  file.writeUInt16LE(2, 16); // e_type: executable
  file.writeUInt16LE(183, 18); // e_machine: AArch64
  file.writeUInt32LE(1, 20); // e_version
  file.writeBigUInt64LE(loadAddress + BigInt(headerBytes), 24); // e_entry
  file.writeBigUInt64LE(64n, 32); // e_phoff
  file.writeUInt16LE(64, 52); // e_ehsize
  file.writeUInt16LE(56, 54); // e_phentsize
  file.writeUInt16LE(1, 56); // e_phnum
  file.writeUInt32LE(1, 64); // p_type: load
  file.writeUInt32LE(5, 68); // p_flags: read and execute
  file.writeBigUInt64LE(loadAddress, 80); // p_vaddr
  file.writeBigUInt64LE(loadAddress, 88); // p_paddr
  file.writeBigUInt64LE(BigInt(size), 96); // p_filesz
  file.writeBigUInt64LE(BigInt(size), 104); // p_memsz
  file.writeBigUInt64LE(0x1000n, 112); // p_align
  for (const [index, word] of instructions.entries()) file.writeUInt32LE(word, headerBytes + index * 4);
  return file;
}
