package rendezvous

import (
	"fmt"

	"golang.org/x/net/bpf"
)

// MostPlaces is how many places a program can choose from: the kernel takes no more than 4096 instructions.
const MostPlaces = 256

// By is what of a packet is the key.
type By int

const (
	// ByAddress: the client's address.
	ByAddress By = iota
	// ByFlow: its address and its port.
	ByFlow
)

// Where a program finds the network header, whatever the packet's data begin with.
const networkHeader = 0xFFF00000

// Offsets of the source address, and of what follows the header, which begins with the source port.
const (
	source4, after4 = 12, 20
	source6, after6 = 8, 40
)

// Scratch memory of the program.
const (
	keyCell = iota
	bestCell
	socketCell
)

// Choice is a place that a program may choose, and the socket that it then returns, a number too.
type Choice struct{ Place, Socket int }

// Program is what the kernel runs for a packet to choose one of the places, in ascending order.
func Program(by By, choices []Choice) ([]bpf.RawInstruction, error) {
	if len(choices) == 0 || len(choices) > MostPlaces {
		return nil, fmt.Errorf("rendezvous: %d places: there may be 1 to %d", len(choices), MostPlaces)
	}
	v4 := append(load(source4, 4), mixing()...)
	v6 := append(load(source6, 4), mixing()...)
	for word := uint32(1); word < 4; word++ {
		v6 = append(v6, bpf.TAX{})
		v6 = append(v6, load(source6+4*word, 4)...)
		v6 = append(v6, bpf.ALUOpX{Op: bpf.ALUOpXor})
		v6 = append(v6, mixing()...)
	}
	if by == ByFlow {
		v4, v6 = append(v4, mixPort(after4)...), append(v6, mixPort(after6)...)
	}
	program := append(load(0, 1), bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0xF0})
	program = append(program, bpf.JumpIf{Cond: bpf.JumpEqual, Val: 0x60, SkipFalse: uint8(len(v6) + 1)})
	program = append(program, v6...)
	program = append(program, bpf.Jump{Skip: uint32(len(v4))})
	program = append(program, v4...)
	program = append(program, choosing(choices)...)
	return bpf.Assemble(program)
}

func load(offset uint32, size int) []bpf.Instruction {
	return []bpf.Instruction{bpf.LoadAbsolute{Off: networkHeader + offset, Size: size}}
}

func mixPort(offset uint32) []bpf.Instruction {
	port := append([]bpf.Instruction{bpf.TAX{}}, load(offset, 2)...)
	return append(append(port, bpf.ALUOpX{Op: bpf.ALUOpXor}), mixing()...)
}

// mixing is mix.
func mixing() []bpf.Instruction {
	return []bpf.Instruction{
		bpf.ALUOpConstant{Op: bpf.ALUOpMul, Val: keyFactor},
		bpf.TAX{},
		bpf.ALUOpConstant{Op: bpf.ALUOpShiftRight, Val: shift},
		bpf.ALUOpX{Op: bpf.ALUOpXor},
	}
}

// choosing is Choose, for the key in the accumulator.
func choosing(choices []Choice) []bpf.Instruction {
	program := []bpf.Instruction{bpf.StoreScratch{Src: bpf.RegA, N: keyCell}}
	program = append(program, scoring(choices[0].Place)...)
	program = append(program, bpf.StoreScratch{Src: bpf.RegA, N: bestCell})
	program = append(program, chosen(choices[0].Socket)...)
	for _, c := range choices[1:] {
		better := append([]bpf.Instruction{bpf.StoreScratch{Src: bpf.RegX, N: bestCell}}, chosen(c.Socket)...)
		program = append(program, bpf.LoadScratch{Dst: bpf.RegA, N: keyCell})
		program = append(program, scoring(c.Place)...)
		program = append(program, bpf.TAX{}, bpf.LoadScratch{Dst: bpf.RegA, N: bestCell},
			bpf.JumpIfX{Cond: bpf.JumpGreaterOrEqual, SkipTrue: uint8(len(better))})
		program = append(program, better...)
	}
	return append(program, bpf.LoadScratch{Dst: bpf.RegA, N: socketCell}, bpf.RetA{})
}

// scoring is Score, for the key in the accumulator.
func scoring(place int) []bpf.Instruction {
	return []bpf.Instruction{
		bpf.ALUOpConstant{Op: bpf.ALUOpXor, Val: constant(place)},
		bpf.ALUOpConstant{Op: bpf.ALUOpMul, Val: placeFactor},
		bpf.TAX{},
		bpf.ALUOpConstant{Op: bpf.ALUOpShiftRight, Val: shift},
		bpf.ALUOpX{Op: bpf.ALUOpXor},
		bpf.ALUOpConstant{Op: bpf.ALUOpMul, Val: scoreFactor},
	}
}

func chosen(socket int) []bpf.Instruction {
	return []bpf.Instruction{bpf.LoadConstant{Dst: bpf.RegA, Val: uint32(socket)}, bpf.StoreScratch{Src: bpf.RegA, N: socketCell}}
}
