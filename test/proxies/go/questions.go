// Asks rendered packages: JSON of questions on standard input, each with the number of a package, what is asked, and
// arguments. JSON of answers on standard output.
package main

import (
	"encoding/json"
	"log"
	"os"
)

func main() {
	var questions [][]json.RawMessage
	if err := json.NewDecoder(os.Stdin).Decode(&questions); err != nil {
		log.Fatal(err)
	}
	answers := make([]any, len(questions))
	for i, question := range questions {
		var number int
		var asked string
		if err := json.Unmarshal(question[0], &number); err != nil {
			log.Fatal(err)
		}
		if err := json.Unmarshal(question[1], &asked); err != nil {
			log.Fatal(err)
		}
		answers[i] = asks[number](asked, question[2:])
	}
	if err := json.NewEncoder(os.Stdout).Encode(answers); err != nil {
		log.Fatal(err)
	}
}
